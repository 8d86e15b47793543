package dev.filigree.conformance.mutant;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.api.op.MergeStates;
import dev.filigree.api.op.StreamingAttention;
import dev.filigree.conformance.problem.TensorData;
import dev.filigree.conformance.rule.Rule;
import java.util.List;
import java.util.Optional;

/** Defects of attention over contiguous keys and of merging. */
final class AttentionMutants {
    private AttentionMutants() {}

    static List<Mutant> all() {
        return List.of(
                Mutant.rewrite("scale forgotten", Rule.R205, DenseAttention.class, op -> scaled(op, 1)),
                sloppy("causal mask hides the diagonal", Rule.R202, new SloppyAttention() {
                    @Override
                    boolean sees(int query, int key, int qLength, int kvLength) {
                        return key < query + kvLength - qLength;
                    }
                }),
                sloppy("causal mask lets one key too many through", Rule.R202, new SloppyAttention() {
                    @Override
                    boolean sees(int query, int key, int qLength, int kvLength) {
                        return key <= query + kvLength - qLength + 1;
                    }
                }),
                sloppy("causal mask aligned top-left", Rule.R202, new SloppyAttention() {
                    @Override
                    boolean sees(int query, int key, int qLength, int kvLength) {
                        return key <= query;
                    }
                }),
                sloppy("query heads dealt out to KV heads in turn", Rule.R208, new SloppyAttention() {
                    @Override
                    int kvSlot(DenseAttention op, int i) {
                        return i % op.heads().numServedKvHeads();
                    }
                }),
                sloppy("every sequence reads the first one's keys", Rule.R209, new SloppyAttention() {
                    @Override
                    int keysOf(int seq) {
                        return 0;
                    }
                }),
                sloppy("softmax without subtracting the maximum", Rule.R214, new SloppyAttention() {
                    @Override
                    double reference(double[] scores) {
                        return 0;
                    }
                }),
                Mutant.kernel("lse in base 2", Rule.R207, DenseAttention.class, (op, view, honest) -> {
                    honest.run();
                    scale(view.get(op.lse()), 1 / Math.log(2));
                }),
                Mutant.kernel("rows without keys are NaN", Rule.R203, DenseAttention.class, (op, view, honest) -> {
                    honest.run();
                    nanWhereEmpty(view.get(op.out()), view.get(op.lse()));
                }),
                Mutant.kernel(
                        "a NaN row spoils the row before it", Rule.R108, DenseAttention.class, AttentionMutants::leak),
                Mutant.kernel(
                        "heads of others are cleared", Rule.R210, DenseAttention.class, AttentionMutants::clearOthers),
                Mutant.kernel("weights sum to less than one", Rule.R206, DenseAttention.class, (op, view, honest) -> {
                    honest.run();
                    scale(view.get(op.out()), 0.96);
                }),
                Mutant.rewrite(
                        "sink dropped",
                        Rule.R204,
                        StreamingAttention.class,
                        op -> window(op, -op.pattern().sink(), 0)),
                Mutant.rewrite(
                        "recent window one token too wide",
                        Rule.R204,
                        StreamingAttention.class,
                        op -> window(op, 0, 1)),
                Mutant.rewrite(
                        "positions taken for indices", Rule.R222, StreamingAttention.class, AttentionMutants::implied),
                Mutant.kernel("lse ignored in merging", Rule.R502, MergeStates.class, AttentionMutants::plainMean),
                Mutant.kernel("merged empty rows are NaN", Rule.R504, MergeStates.class, (op, view, honest) -> {
                    honest.run();
                    nanWhereEmpty(view.get(op.out()), view.get(op.lse()));
                }),
                Mutant.rewrite(
                        "last part left out of a merge", Rule.R501, MergeStates.class, AttentionMutants::withoutLast));
    }

    private static Mutant sloppy(String name, Rule rule, SloppyAttention kernel) {
        return Mutant.kernel(name, rule, DenseAttention.class, (op, view, honest) -> kernel.run(op, view));
    }

    private static DenseAttention scaled(DenseAttention op, float scale) {
        return new DenseAttention(
                op.heads(),
                op.masking(),
                scale,
                op.q(),
                op.k(),
                op.v(),
                op.qOffsets(),
                op.kvOffsets(),
                op.out(),
                op.lse());
    }

    private static StreamingAttention window(StreamingAttention op, int sink, int recent) {
        HeadPattern.Streaming pattern = new HeadPattern.Streaming(
                op.pattern().sink() + sink, op.pattern().recent() + recent);
        return with(op, pattern, op.qPositions(), op.kvPositions());
    }

    private static StreamingAttention implied(StreamingAttention op) {
        return with(op, op.pattern(), Optional.empty(), Optional.empty());
    }

    private static StreamingAttention with(
            StreamingAttention op,
            HeadPattern.Streaming pattern,
            Optional<dev.filigree.api.plan.TensorRef> qPositions,
            Optional<dev.filigree.api.plan.TensorRef> kvPositions) {
        return new StreamingAttention(
                op.heads(),
                pattern,
                op.scale(),
                op.q(),
                op.k(),
                op.v(),
                op.qOffsets(),
                op.kvOffsets(),
                qPositions,
                kvPositions,
                op.out(),
                op.lse());
    }

    private static void leak(DenseAttention op, RunView view, Runnable honest) {
        honest.run();
        TensorData out = view.get(op.out());
        int width = out.extent(1) * out.extent(2);
        for (int i = width; i < out.numElements(); i++) {
            if (Float.isNaN(out.get(i))) {
                out.set(i - width, Float.NaN);
            }
        }
    }

    private static void clearOthers(DenseAttention op, RunView view, Runnable honest) {
        TensorData out = view.get(op.out());
        for (int i = 0; i < out.numElements(); i++) {
            out.set(i, 0);
        }
        honest.run();
    }

    private static void plainMean(MergeStates op, RunView view, Runnable honest) {
        if (op.lses().size() < 2) {
            honest.run();
            return;
        }
        view.changed(
                op.lses().get(0),
                AttentionMutants::clear,
                () -> view.changed(op.lses().get(1), AttentionMutants::clear, honest));
    }

    private static MergeStates withoutLast(MergeStates op) {
        int parts = Math.max(1, op.outs().size() - 1);
        return new MergeStates(op.outs().subList(0, parts), op.lses().subList(0, parts), op.out(), op.lse());
    }

    private static void clear(TensorData tensor) {
        tensor.bytes().fill((byte) 0);
    }

    private static void scale(TensorData tensor, double factor) {
        for (int i = 0; i < tensor.numElements(); i++) {
            tensor.set(i, (float) (tensor.get(i) * factor));
        }
    }

    private static void nanWhereEmpty(TensorData out, TensorData lse) {
        for (int i = 0; i < out.numElements(); i++) {
            if (lse.get(i / out.extent(2)) == Float.NEGATIVE_INFINITY) {
                out.set(i, Float.NaN);
            }
        }
    }
}
