package dev.filigree.conformance.cases.shared;

import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.op.KvPages;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.problem.Layout;
import dev.filigree.conformance.problem.ProblemBuilder;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * A page pool and its page table as plain bytes. Pages lie in random order, bytes nobody wrote are all ones (NaN as a
 * float), columns nobody uses are hostile.
 */
public final class PagedPool {
    private static final int SPARE_PAGES = 3;
    private static final int SPARE_COLUMNS = 2;

    private final PageSpec spec;
    private final KvPageLayout layout;
    private final int[][] table;
    private final int numPages;
    private final MemorySegment bytes;

    private PagedPool(PageSpec spec, KvPageLayout layout, int[][] table, int numPages, MemorySegment bytes) {
        this.spec = spec;
        this.layout = layout;
        this.table = table;
        this.numPages = numPages;
        this.bytes = bytes;
    }

    /**
     * An empty pool with room for sequences.
     *
     * @param maxLengths tokens that each sequence may grow to
     */
    public static PagedPool empty(Generator generator, PageSpec spec, KvPageLayout layout, int[] maxLengths) {
        int[] columns = Arrays.stream(maxLengths)
                .map(length -> (int) spec.addressing().columns(length, spec.pageSize()))
                .toArray();
        int used = Arrays.stream(columns).sum();
        int width = Arrays.stream(columns).max().orElse(0) + SPARE_COLUMNS;
        int[] order = generator.permutation(used + SPARE_PAGES);
        int[][] table = new int[maxLengths.length][width];
        int next = 0;
        for (int s = 0; s < table.length; s++) {
            for (int column = 0; column < width; column++) {
                table[s][column] = column < columns[s] ? order[next++] : generator.hostile();
            }
        }
        byte[] raw = new byte[Math.toIntExact((used + SPARE_PAGES) * layout.pageBytes())];
        Arrays.fill(raw, (byte) 0xff);
        return new PagedPool(spec, layout, table, used + SPARE_PAGES, MemorySegment.ofArray(raw));
    }

    /** A pool that holds all keys and values of some data. */
    public static PagedPool of(Generator generator, PageSpec spec, AttentionData data) {
        AttentionShape shape = data.shape();
        KvPageLayout layout = spec.layout(shape.numKvHeads(), shape.headDimQk(), shape.headDimVo());
        PagedPool pool = empty(generator, spec, layout, shape.kvLengths());
        for (int s = 0; s < shape.numSeqs(); s++) {
            for (int position = 0; position < shape.kvLengths()[s]; position++) {
                pool.append(s, position, data.k(s), data.v(s), position);
            }
        }
        return pool;
    }

    /** An independent copy. */
    public PagedPool copy() {
        byte[] raw = bytes.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
        return new PagedPool(
                spec,
                layout,
                Arrays.stream(table).map(int[]::clone).toArray(int[][]::new),
                numPages,
                MemorySegment.ofArray(raw));
    }

    /** The same content with pages elsewhere in the pool. */
    public PagedPool shuffled(Generator generator) {
        int[] order = generator.permutation(numPages);
        PagedPool moved = copy();
        for (int page = 0; page < numPages; page++) {
            MemorySegment.copy(
                    bytes,
                    page * layout.pageBytes(),
                    moved.bytes,
                    order[page] * layout.pageBytes(),
                    layout.pageBytes());
        }
        for (int[] row : moved.table) {
            for (int column = 0; column < row.length; column++) {
                boolean used = row[column] >= 0 && row[column] < numPages;
                row[column] = used ? order[row[column]] : generator.hostile();
            }
        }
        return moved;
    }

    /** Stores one token: row {@code row} of keys and values {@code [rows, numHeads, headDim]}. */
    public void append(int seq, int position, float[] k, float[] v, int row) {
        PageCode code = code();
        int heads = layout.numHeads();
        int page = page(seq, position);
        int slot = position % spec.pageSize();
        for (int h = 0; h < heads; h++) {
            int at = row * heads + h;
            code.putKey(page, h, slot, AttentionData.rows(k, at, at + 1, layout.headDimQk()));
            code.putValue(page, h, slot, AttentionData.rows(v, at, at + 1, layout.headDimVo()));
        }
    }

    /** The page id that holds a position. */
    public int page(int seq, int position) {
        return table[seq][(int) spec.addressing().column(position / spec.pageSize())];
    }

    /** The page's bytes, read and written by field. */
    public PageCode code() {
        return new PageCode(layout, bytes);
    }

    /** The key of a position and head as it reads back. */
    public float[] key(int seq, int position, int head) {
        return code().key(page(seq, position), head, position % spec.pageSize());
    }

    /** The value of a position and head as it reads back. */
    public float[] value(int seq, int position, int head) {
        return code().value(page(seq, position), head, position % spec.pageSize());
    }

    /** The data with keys and values as they read back, in f32. */
    public AttentionData stored(AttentionData data) {
        AttentionShape shape = data.shape();
        AttentionData read = data.copy();
        for (int s = 0; s < shape.numSeqs(); s++) {
            for (int p = 0; p < shape.kvLengths()[s]; p++) {
                for (int h = 0; h < shape.numKvHeads(); h++) {
                    int at = p * shape.numKvHeads() + h;
                    System.arraycopy(key(s, p, h), 0, read.k(s), at * shape.headDimQk(), shape.headDimQk());
                    System.arraycopy(value(s, p, h), 0, read.v(s), at * shape.headDimVo(), shape.headDimVo());
                }
            }
        }
        return read;
    }

    /** How it is paged. */
    public PageSpec spec() {
        return spec;
    }

    /** Bytes of a page. */
    public KvPageLayout layout() {
        return layout;
    }

    /** The pool's bytes. */
    public MemorySegment bytes() {
        return bytes;
    }

    /** Pages of the pool. */
    public int numPages() {
        return numPages;
    }

    /** Page ids of a sequence, by column. */
    public int[] columns(int seq) {
        return table[seq];
    }

    /** Declares pool and page table; a pool that is only read is an input. */
    public KvPages declare(ProblemBuilder builder, TensorRole role) {
        TensorRef pages = builder.declare(
                "pages",
                role,
                DType.U8,
                Layout.CONTIGUOUS,
                Dim.fixed("numPages", numPages),
                Dim.fixed("pageBytes", layout.pageBytes()));
        builder.data(pages).bytes().copyFrom(bytes);
        int width = table.length == 0 ? 1 : table[0].length;
        TensorRef columns = builder.ints(
                "pageTable",
                Arrays.stream(table).flatMapToInt(Arrays::stream).toArray(),
                builder.axis("numSeqs", table.length),
                Dim.fixed("numColumns", width));
        return new KvPages(layout, spec.addressing(), pages, columns);
    }
}
