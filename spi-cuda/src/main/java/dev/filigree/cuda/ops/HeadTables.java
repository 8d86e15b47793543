package dev.filigree.cuda.ops;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import java.util.ArrayList;
import java.util.List;

/** The tables of heads that the kernels for Hopper walk: 8 integers a row. */
final class HeadTables {
    private static final int DENSE = 0;
    private static final int STREAMING = 1;
    private static final int BLOCK_LIST = 2;

    private HeadTables() {}

    /** One row per served query head: its index, its slot, code of the pattern, sink, recent (struct PrefillHead). */
    static List<Integer> queryHeads(HeadMap heads, HeadPattern pattern) {
        return queryHeads(heads, pattern(pattern));
    }

    /** The same for heads with block lists. */
    static List<Integer> listedHeads(HeadMap heads) {
        return queryHeads(heads, List.of(BLOCK_LIST, 0, 1));
    }

    private static List<Integer> queryHeads(HeadMap heads, List<Integer> pattern) {
        List<Integer> table = new ArrayList<>();
        for (int i = 0; i < heads.numServedQoHeads(); i++) {
            table.addAll(List.of(heads.qoHead(i), heads.kvSlot(i)));
            table.addAll(pattern);
            table.addAll(List.of(0, 0, 0));
        }
        return table;
    }

    /**
     * One row per group of query heads that read the same pages: first query head, slot, whether it streams, sink, recent, its
     * list of pages or -1 (struct DecodeGroup).
     *
     * @param headsPerList query heads that share a list, 0 where there are none
     */
    static List<Integer> readers(HeadMap heads, HeadPattern pattern, int headsPerReader, int headsPerList) {
        List<Integer> table = new ArrayList<>();
        for (int i = 0; i < heads.numServedQoHeads(); i += headsPerReader) {
            int head = heads.qoHead(i);
            table.addAll(List.of(head, heads.kvSlot(i)));
            table.addAll(pattern(pattern));
            table.addAll(List.of(headsPerList == 0 ? -1 : head / headsPerList, 0, 0));
        }
        return table;
    }

    /** One row of 4 integers per served KV head: first query head, slot, first list (struct PageReader). */
    static List<Integer> scored(HeadMap heads, int headsPerList) {
        List<Integer> table = new ArrayList<>();
        for (int i = 0; i < heads.numServedQoHeads(); i += heads.groupSize()) {
            int head = heads.qoHead(i);
            table.addAll(List.of(head, heads.kvSlot(i), head / headsPerList, 0));
        }
        return table;
    }

    private static List<Integer> pattern(HeadPattern pattern) {
        return pattern instanceof HeadPattern.Streaming(int sink, int recent)
                ? List.of(STREAMING, sink, recent)
                : List.of(DENSE, 0, 1);
    }
}
