package dev.filigree.conformance.mutant;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.BlockSparseAttention;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.api.op.MergeStates;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.op.StreamingAttention;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.conformance.problem.TensorData;
import dev.filigree.conformance.rule.Rule;
import java.util.List;

/** Defects that break an equivalence: whole and chunks, wide windows and dense, pages and rows, parts in any order. */
final class EquivalenceMutants {
    private EquivalenceMutants() {}

    static List<Mutant> all() {
        return List.of(
                Mutant.kernel(
                        "dense results one percent off",
                        Rule.R201,
                        DenseAttention.class,
                        (op, view, honest) -> after(honest, () -> scale(view.get(op.out()), 1.01f))),
                Mutant.kernel(
                        "channels past the key's width left out",
                        Rule.R211,
                        DenseAttention.class,
                        (op, view, honest) -> after(
                                honest,
                                () -> clearPast(
                                        view.get(op.out()), view.get(op.q()).extent(2)))),
                Mutant.kernel(
                        "first query of a chunk sees nothing",
                        Rule.R212,
                        DenseAttention.class,
                        (op, view, honest) -> firstOfChunk(view, op.qOffsets(), op.kvOffsets(), op.out(), honest)),
                Mutant.rewrite(
                        "bidirectional heads masked",
                        Rule.R213,
                        DenseAttention.class,
                        op -> op.masking() == Masking.BIDIRECTIONAL ? causal(op) : op),
                Mutant.kernel(
                        "streaming results one percent off",
                        Rule.R221,
                        StreamingAttention.class,
                        (op, view, honest) -> after(honest, () -> scale(view.get(op.out()), 1.01f))),
                Mutant.kernel(
                        "first query of a streaming chunk sees nothing",
                        Rule.R223,
                        StreamingAttention.class,
                        (op, view, honest) -> firstOfChunk(view, op.qOffsets(), op.kvOffsets(), op.out(), honest)),
                Mutant.rewrite("windows end at 8 tokens", Rule.R224, StreamingAttention.class, op -> narrow(op)),
                Mutant.kernel(
                        "block-sparse results one percent off",
                        Rule.R301,
                        BlockSparseAttention.class,
                        (op, view, honest) -> after(honest, () -> scale(view.get(op.out()), 1.01f))),
                Mutant.kernel(
                        "rows without blocks left as they were",
                        Rule.R306,
                        BlockSparseAttention.class,
                        (op, view, honest) -> after(honest, () -> markEmpty(view.get(op.out()), view.get(op.lse())))),
                Mutant.kernel(
                        "paged results one percent off",
                        Rule.R403,
                        PagedAttention.class,
                        (op, view, honest) -> after(honest, () -> scale(view.get(op.out()), 1.01f))),
                Mutant.kernel(
                        "columns past those in use count",
                        Rule.R408,
                        PagedAttention.class,
                        (op, view, honest) -> after(
                                honest,
                                () -> scale(
                                        view.get(op.out()),
                                        factor(view.get(op.kv().pageTable()))))),
                Mutant.kernel(
                        "a chunk over pages forgets its last query",
                        Rule.R409,
                        PagedAttention.class,
                        EquivalenceMutants::lastOfChunk),
                Mutant.kernel(
                        "empty parts shift the sum", Rule.R503, MergeStates.class, EquivalenceMutants::shiftEmpty),
                Mutant.kernel(
                        "the first part counts more", Rule.R505, MergeStates.class, EquivalenceMutants::preferFirst),
                Mutant.kernel("merges clear their output first", Rule.R506, MergeStates.class, (op, view, honest) -> {
                    view.get(op.out()).bytes().fill((byte) 0);
                    honest.run();
                }));
    }

    private static void after(Runnable honest, Runnable damage) {
        honest.run();
        damage.run();
    }

    private static void scale(TensorData out, float factor) {
        for (int i = 0; i < out.numElements(); i++) {
            out.set(i, out.get(i) * factor);
        }
    }

    /** 1 where all columns name pages. */
    private static float factor(TensorData table) {
        for (int i = 0; i < table.numElements(); i++) {
            if (table.getInt(i) < 0) {
                return 1.5f;
            }
        }
        return 1;
    }

    private static void clearPast(TensorData out, int width) {
        for (int i = 0; i < out.numElements(); i++) {
            if (i % out.extent(2) >= width) {
                out.set(i, 0);
            }
        }
    }

    /** Clears the first row of every sequence that has keys before its queries. */
    private static void firstOfChunk(
            RunView view, TensorRef qOffsets, TensorRef kvOffsets, TensorRef out, Runnable honest) {
        honest.run();
        TensorData q = view.get(qOffsets);
        TensorData kv = view.get(kvOffsets);
        for (int s = 0; s + 1 < q.numElements(); s++) {
            int queries = q.getInt(s + 1) - q.getInt(s);
            if (queries > 0 && kv.getInt(s + 1) - kv.getInt(s) > queries) {
                clearRow(view.get(out), q.getInt(s));
            }
        }
    }

    private static void lastOfChunk(PagedAttention op, RunView view, Runnable honest) {
        honest.run();
        TensorData q = view.get(op.qOffsets());
        TensorData lengths = view.get(op.kvLengths());
        for (int s = 0; s + 1 < q.numElements(); s++) {
            int queries = q.getInt(s + 1) - q.getInt(s);
            if (queries > 1 && lengths.getInt(s) > queries) {
                clearRow(view.get(op.out()), q.getInt(s + 1) - 1);
            }
        }
    }

    private static void clearRow(TensorData out, int row) {
        int width = out.extent(1) * out.extent(2);
        for (int i = 0; i < width; i++) {
            out.set((long) row * width + i, 0);
        }
    }

    private static DenseAttention causal(DenseAttention op) {
        return new DenseAttention(
                op.heads(),
                Masking.CAUSAL,
                op.scale(),
                op.q(),
                op.k(),
                op.v(),
                op.qOffsets(),
                op.kvOffsets(),
                op.out(),
                op.lse());
    }

    private static StreamingAttention narrow(StreamingAttention op) {
        return new StreamingAttention(
                op.heads(),
                new HeadPattern.Streaming(
                        op.pattern().sink(), Math.min(8, op.pattern().recent())),
                op.scale(),
                op.q(),
                op.k(),
                op.v(),
                op.qOffsets(),
                op.kvOffsets(),
                op.qPositions(),
                op.kvPositions(),
                op.out(),
                op.lse());
    }

    private static void markEmpty(TensorData out, TensorData lse) {
        for (int i = 0; i < out.numElements(); i++) {
            if (lse.get(i / out.extent(2)) == Float.NEGATIVE_INFINITY) {
                out.set(i, 1);
            }
        }
    }

    private static void shiftEmpty(MergeStates op, RunView view, Runnable honest) {
        boolean empty = op.lses().stream().anyMatch(lse -> {
            TensorData values = view.get(lse);
            for (int i = 0; i < values.numElements(); i++) {
                if (values.get(i) == Float.NEGATIVE_INFINITY) {
                    return true;
                }
            }
            return false;
        });
        honest.run();
        if (empty) {
            scale(view.get(op.out()), 1.01f);
        }
    }

    private static void preferFirst(MergeStates op, RunView view, Runnable honest) {
        view.changed(
                op.lses().getFirst(),
                t -> {
                    for (int i = 0; i < t.numElements(); i++) {
                        t.set(i, t.get(i) + 0.5f);
                    }
                },
                honest);
    }
}
