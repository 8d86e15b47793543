package dev.filigree.api.attention;

import java.util.List;
import java.util.stream.IntStream;

/**
 * Which heads an op serves and where their keys and values are. Query head {@code h} belongs to KV head
 * {@code h / groupSize}, {@code groupSize = numQoHeads / numKvHeads}; groups are indexed, never expanded. An op
 * writes the query heads of the KV heads it serves and leaves all others untouched.
 *
 * @param numQoHeads query/output heads of the layer: the head axis of q, out and lse
 * @param numKvHeads KV heads of the layer
 * @param kvHeads the KV heads served, ascending
 * @param kvSlots for each served KV head its index on the head axis of the key/value tensor or page; the head itself
 *     when that axis holds all heads, its rank when it holds one class of heads
 */
public record HeadMap(int numQoHeads, int numKvHeads, List<Integer> kvHeads, List<Integer> kvSlots) {

    /** Checks the grouping, the order and the ranges. */
    public HeadMap {
        kvHeads = List.copyOf(kvHeads);
        kvSlots = List.copyOf(kvSlots);
        if (numKvHeads < 1 || numQoHeads < 1 || numQoHeads % numKvHeads != 0) {
            throw new IllegalArgumentException(
                    "numQoHeads must be a multiple of numKvHeads, not " + numQoHeads + " of " + numKvHeads);
        }
        if (kvSlots.size() != kvHeads.size()) {
            throw new IllegalArgumentException("kvSlots " + kvSlots + " must have one entry per KV head of " + kvHeads);
        }
        for (int i = 0; i < kvHeads.size(); i++) {
            int head = kvHeads.get(i);
            if (head < 0 || head >= numKvHeads || (i > 0 && head <= kvHeads.get(i - 1)) || kvSlots.get(i) < 0) {
                throw new IllegalArgumentException("kvHeads must ascend within 0 to " + (numKvHeads - 1)
                        + " with slots of 0 or more, not " + kvHeads + " in slots " + kvSlots);
            }
        }
    }

    /** All heads, key/value tensors indexed by KV head. */
    public static HeadMap all(int numQoHeads, int numKvHeads) {
        List<Integer> heads = IntStream.range(0, numKvHeads).boxed().toList();
        return new HeadMap(numQoHeads, numKvHeads, heads, heads);
    }

    /** Some heads of key/value tensors that hold all KV heads. */
    public static HeadMap byHead(int numQoHeads, int numKvHeads, List<Integer> kvHeads) {
        return new HeadMap(numQoHeads, numKvHeads, kvHeads, kvHeads);
    }

    /** Some heads of key/value tensors or pages that hold the heads of one class only, in class order. */
    public static HeadMap byRank(int numQoHeads, int numKvHeads, List<Integer> classHeads, List<Integer> kvHeads) {
        return new HeadMap(
                numQoHeads,
                numKvHeads,
                kvHeads,
                kvHeads.stream().map(classHeads::indexOf).toList());
    }

    /** Query heads per KV head. */
    public int groupSize() {
        return numQoHeads / numKvHeads;
    }

    /** Number of KV heads served. */
    public int numServedKvHeads() {
        return kvHeads.size();
    }

    /** Number of query heads served. */
    public int numServedQoHeads() {
        return kvHeads.size() * groupSize();
    }

    /** The query head behind the i-th served one, groups in KV head order. */
    public int qoHead(int i) {
        return kvHeads.get(i / groupSize()) * groupSize() + i % groupSize();
    }

    /** The index on the key/value head axis that the i-th served query head reads. */
    public int kvSlot(int i) {
        return kvSlots.get(i / groupSize());
    }

    @Override
    public String toString() {
        boolean whole = kvHeads.size() == numKvHeads;
        return numQoHeads + "/" + numKvHeads + (whole ? "" : " kv" + kvHeads)
                + (kvSlots.equals(kvHeads) ? "" : " in slots " + kvSlots);
    }
}
