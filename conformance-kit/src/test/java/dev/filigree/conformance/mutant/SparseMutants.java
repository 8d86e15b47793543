package dev.filigree.conformance.mutant;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.op.BlockSparseAttention;
import dev.filigree.api.op.KvPages;
import dev.filigree.api.op.PageChoice;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.conformance.problem.TensorData;
import dev.filigree.conformance.rule.Rule;
import java.util.List;
import java.util.Optional;

/** Defects of attention over chosen blocks and over pages. */
final class SparseMutants {
    private SparseMutants() {}

    static List<Mutant> all() {
        return List.of(
                Mutant.kernel(
                        "blocks off by one",
                        Rule.R303,
                        BlockSparseAttention.class,
                        (op, view, honest) -> view.changed(op.blockIndices(), t -> nextBlocks(op, view, t), honest)),
                Mutant.kernel(
                        "rows of blocks counted from the first query",
                        Rule.R305,
                        BlockSparseAttention.class,
                        SparseMutants::relativeRows),
                Mutant.rewrite(
                        "no mask inside of blocks", Rule.R304, BlockSparseAttention.class, SparseMutants::unmasked),
                Mutant.kernel(
                        "last chosen block left out",
                        Rule.R302,
                        BlockSparseAttention.class,
                        (op, view, honest) -> view.changed(op.blockCounts(), t -> add(t, -1), honest)),
                Mutant.kernel(
                        "one entry past the count is read",
                        Rule.R307,
                        BlockSparseAttention.class,
                        (op, view, honest) -> view.changed(op.blockCounts(), t -> add(t, 1), honest)),
                new Mutant(
                        "page table of the run before",
                        Rule.R402,
                        provider -> new MutantProvider(
                                provider, MutantProvider.kernel(PagedAttention.class, new StaleTable()))),
                Mutant.kernel(
                        "slots past the length are read", Rule.R404, PagedAttention.class, SparseMutants::wholePages),
                Mutant.kernel(
                        "zero ignored when codes are read",
                        Rule.R407,
                        PagedAttention.class,
                        SparseMutants::withoutZeros),
                Mutant.rewrite(
                        "chosen pages ignored",
                        Rule.R405,
                        PagedAttention.class,
                        op -> with(op, op.kv(), Optional.empty())),
                Mutant.kernel("slots of the batch ignored", Rule.R410, PagedAttention.class, SparseMutants::ownRows),
                Mutant.rewrite(
                        "ring read as if it had no sink pages",
                        Rule.R406,
                        PagedAttention.class,
                        op -> with(op, sinkless(op.kv()), op.choice())),
                Mutant.rewrite(
                        "streaming pages read one token short",
                        Rule.R401,
                        PagedAttention.class,
                        SparseMutants::narrow));
    }

    private static void nextBlocks(BlockSparseAttention op, RunView view, TensorData indices) {
        TensorData kvOffsets = view.get(op.kvOffsets());
        int shortest = Integer.MAX_VALUE;
        for (int s = 0; s + 1 < kvOffsets.numElements(); s++) {
            shortest = Math.min(shortest, kvOffsets.getInt(s + 1) - kvOffsets.getInt(s));
        }
        for (int i = 0; i < indices.numElements(); i++) {
            int next = indices.getInt(i) + 1;
            // Only where a next block exists: the defect is a wrong choice, not a wild read.
            if (next > 0 && (long) (next + 1) * op.blockSize() <= shortest) {
                indices.setInt(i, next);
            }
        }
    }

    private static void relativeRows(BlockSparseAttention op, RunView view, Runnable honest) {
        TensorData counts = view.get(op.blockCounts());
        TensorData indices = view.get(op.blockIndices());
        if (counts.extent(0) < 2) {
            honest.run();
            return;
        }
        // The last row's list is taken for the row before it.
        int heads = counts.extent(1);
        int width = indices.extent(2);
        int row = counts.extent(0) - 2;
        view.changed(
                op.blockIndices(),
                t -> {
                    for (int i = 0; i < heads * width; i++) {
                        t.setInt(row * heads * width + i, t.getInt((row + 1) * heads * width + i));
                    }
                },
                honest);
    }

    private static BlockSparseAttention unmasked(BlockSparseAttention op) {
        return new BlockSparseAttention(
                op.heads(),
                dev.filigree.api.attention.Masking.BIDIRECTIONAL,
                op.scale(),
                op.blockSize(),
                op.q(),
                op.k(),
                op.v(),
                op.qOffsets(),
                op.kvOffsets(),
                op.qBlockOffsets(),
                op.blockCounts(),
                op.blockIndices(),
                op.out(),
                op.lse());
    }

    private static void add(TensorData ints, int delta) {
        for (int i = 0; i < ints.numElements(); i++) {
            ints.setInt(i, Math.max(0, ints.getInt(i) + delta));
        }
    }

    /** Keeps the first page table it sees of a size. */
    private static final class StaleTable implements Mutant.Kernel<PagedAttention> {
        private TensorData first;

        @Override
        public void run(PagedAttention op, RunView view, Runnable honest) {
            TensorData table = view.get(op.kv().pageTable());
            if (first == null || first.bytes().byteSize() != table.bytes().byteSize()) {
                first = table.copy();
            }
            view.changed(op.kv().pageTable(), t -> t.bytes().copyFrom(first.bytes()), honest);
        }
    }

    private static void wholePages(PagedAttention op, RunView view, Runnable honest) {
        int pageSize = op.kv().layout().pageSize();
        view.changed(
                op.kvLengths(),
                t -> {
                    for (int i = 0; i < t.numElements(); i++) {
                        t.setInt(i, Math.ceilDiv(t.getInt(i), pageSize) * pageSize);
                    }
                },
                honest);
    }

    private static void withoutZeros(PagedAttention op, RunView view, Runnable honest) {
        KvPageLayout layout = op.kv().layout();
        view.changed(
                op.kv().pages(),
                t -> {
                    for (int page = 0; page < t.extent(0); page++) {
                        long base = page * layout.pageBytes();
                        t.bytes()
                                .asSlice(base + layout.kZeroOffset(), layout.vDataOffset() - layout.kZeroOffset())
                                .fill((byte) 0);
                        t.bytes()
                                .asSlice(base + layout.vZeroOffset(), layout.kMaxOffset() - layout.vZeroOffset())
                                .fill((byte) 0);
                    }
                },
                honest);
    }

    private static void ownRows(PagedAttention op, RunView view, Runnable honest) {
        if (op.choice().isEmpty()) {
            honest.run();
            return;
        }
        view.changed(
                op.choice().get().slots(),
                t -> {
                    for (int i = 0; i < t.numElements(); i++) {
                        t.setInt(i, i);
                    }
                },
                honest);
    }

    private static KvPages sinkless(KvPages kv) {
        return kv.addressing() instanceof KvAddressing.Ring(int sinkPages, int ringPages)
                ? new KvPages(kv.layout(), new KvAddressing.Ring(0, sinkPages + ringPages), kv.pages(), kv.pageTable())
                : kv;
    }

    private static PagedAttention narrow(PagedAttention op) {
        HeadPattern pattern = op.pattern() instanceof HeadPattern.Streaming(int sink, int recent)
                ? new HeadPattern.Streaming(sink, Math.max(1, recent - 1))
                : op.pattern();
        return new PagedAttention(
                op.heads(),
                pattern,
                op.scale(),
                op.kv(),
                op.q(),
                op.qOffsets(),
                op.kvLengths(),
                op.choice(),
                op.out(),
                op.lse());
    }

    private static PagedAttention with(PagedAttention op, KvPages kv, Optional<PageChoice> choice) {
        return new PagedAttention(
                op.heads(),
                op.pattern(),
                op.scale(),
                kv,
                op.q(),
                op.qOffsets(),
                op.kvLengths(),
                choice,
                op.out(),
                op.lse());
    }
}
