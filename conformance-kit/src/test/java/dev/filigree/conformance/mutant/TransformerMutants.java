package dev.filigree.conformance.mutant;

import dev.filigree.api.op.Add;
import dev.filigree.api.op.Argmax;
import dev.filigree.api.op.Embedding;
import dev.filigree.api.op.Gelu;
import dev.filigree.api.op.LayerNorm;
import dev.filigree.api.op.Linear;
import dev.filigree.api.op.RmsNorm;
import dev.filigree.api.op.Rope;
import dev.filigree.api.op.Rotary;
import dev.filigree.api.op.Sample;
import dev.filigree.api.op.SwiGlu;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.tensor.Codes;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.problem.TensorData;
import dev.filigree.conformance.rule.Rule;
import java.util.List;
import java.util.Optional;

/** Defects of linear layers and of the rest of a transformer. */
final class TransformerMutants {
    private TransformerMutants() {}

    static List<Mutant> all() {
        return List.of(
                Mutant.kernel("results rounded to bf16", Rule.R801, Linear.class, TransformerMutants::coarse),
                Mutant.kernel(
                        "last output column left out", Rule.R802, Linear.class, TransformerMutants::withoutLastColumn),
                Mutant.rewrite(
                        "bias forgotten",
                        Rule.R803,
                        Linear.class,
                        op -> new Linear(op.x(), op.weight(), Optional.empty(), op.y())),
                Mutant.kernel(
                        "rows take over from the row before", Rule.R804, Linear.class, TransformerMutants::carryOver),
                Mutant.kernel(
                        "row 0 embedded for all",
                        Rule.R901,
                        Embedding.class,
                        (op, view, honest) ->
                                view.changed(op.ids(), t -> t.bytes().fill((byte) 0), honest)),
                Mutant.kernel("16-bit stores truncate", Rule.R105, Embedding.class, TransformerMutants::truncate),
                Mutant.kernel(
                        "mean square over one channel too many", Rule.R902, RmsNorm.class, TransformerMutants::shrink),
                Mutant.rewrite(
                        "eps forgotten", Rule.R903, RmsNorm.class, op -> new RmsNorm(0, op.x(), op.weight(), op.out())),
                Mutant.kernel("mean not subtracted", Rule.R904, LayerNorm.class, TransformerMutants::uncentred),
                Mutant.kernel(
                        "variance from squares in one pass", Rule.R905, LayerNorm.class, TransformerMutants::onePass),
                Mutant.kernel(
                        "positions off by one",
                        Rule.R906,
                        Rope.class,
                        (op, view, honest) -> view.changed(op.positions(), TransformerMutants::increment, honest)),
                Mutant.rewrite(
                        "pairs of the other style",
                        Rule.R908,
                        Rope.class,
                        op -> new Rope(otherStyle(op.rotary()), op.x(), op.positions(), op.out())),
                Mutant.kernel(
                        "positions stop at 50",
                        Rule.R907,
                        Rope.class,
                        (op, view, honest) -> view.changed(op.positions(), t -> clamp(t, 50), honest)),
                Mutant.rewrite(
                        "gate and up exchanged",
                        Rule.R909,
                        SwiGlu.class,
                        op -> new SwiGlu(op.up(), op.gate(), op.out())),
                Mutant.rewrite(
                        "tanh form for erf", Rule.R910, Gelu.class, op -> new Gelu(Gelu.Form.TANH, op.x(), op.out())),
                Mutant.kernel("tail of a row left out", Rule.R911, Add.class, TransformerMutants::withoutTail),
                Mutant.kernel("ties to the higher index", Rule.R912, Argmax.class, TransformerMutants::lastLargest),
                Mutant.kernel("NaN loses", Rule.R913, Argmax.class, TransformerMutants::nanLoses),
                Mutant.kernel(
                        "topP ignored",
                        Rule.R914,
                        Sample.class,
                        (op, view, honest) -> view.changed(op.topPs(), t -> fill(t, 1), honest)),
                Mutant.kernel(
                        "position not part of the draw",
                        Rule.R915,
                        Sample.class,
                        (op, view, honest) ->
                                view.changed(op.positions(), t -> t.bytes().fill((byte) 0), honest)),
                Mutant.kernel(
                        "seed not part of the draw",
                        Rule.R915,
                        Sample.class,
                        (op, view, honest) ->
                                view.changed(op.seeds(), t -> t.bytes().fill((byte) 0), honest)),
                Mutant.kernel(
                        "temperature 0 taken for 1",
                        Rule.R916,
                        Sample.class,
                        (op, view, honest) -> view.changed(op.temperatures(), t -> fill(t, 1), honest)),
                Mutant.kernel("wrong in place", Rule.R917, SwiGlu.class, TransformerMutants::wrongInPlace));
    }

    private static void coarse(Linear op, RunView view, Runnable honest) {
        honest.run();
        TensorData y = view.get(op.y());
        for (int i = 0; i < y.numElements(); i++) {
            y.set(i, Codes.bf16ToFloat(Codes.floatToBf16(y.get(i))));
        }
    }

    private static void withoutLastColumn(Linear op, RunView view, Runnable honest) {
        honest.run();
        TensorData y = view.get(op.y());
        for (int i = y.extent(1) - 1; i < y.numElements(); i += y.extent(1)) {
            y.set(i, 0);
        }
    }

    private static void carryOver(Linear op, RunView view, Runnable honest) {
        honest.run();
        TensorData y = view.get(op.y());
        for (int i = y.extent(1); i < y.numElements(); i++) {
            y.set(i, y.get(i) + 0.01f * y.get(i - y.extent(1)));
        }
    }

    private static void truncate(Embedding op, RunView view, Runnable honest) {
        honest.run();
        TensorData table = view.get(op.table());
        TensorData out = view.get(op.out());
        if (table.dtype() != DType.F32 || out.dtype() == DType.F32) {
            return;
        }
        int dropped = out.dtype() == DType.F16 ? 13 : 16;
        for (int i = 0; i < out.numElements(); i++) {
            int row = view.get(op.ids()).getInt(i / out.extent(1));
            float value = table.get((long) row * out.extent(1) + i % out.extent(1));
            out.set(i, Float.intBitsToFloat(Float.floatToRawIntBits(value) >> dropped << dropped));
        }
    }

    private static void shrink(RmsNorm op, RunView view, Runnable honest) {
        honest.run();
        TensorData out = view.get(op.out());
        int width = out.extent(out.decl().rank() - 1);
        double factor = Math.sqrt((width + 1.0) / width);
        for (int i = 0; i < out.numElements(); i++) {
            out.set(out.element(i), (float) (out.get(out.element(i)) * factor));
        }
    }

    private static void uncentred(LayerNorm op, RunView view, Runnable honest) {
        norm(op, view, honest, false);
    }

    private static void onePass(LayerNorm op, RunView view, Runnable honest) {
        norm(op, view, honest, true);
    }

    private static void norm(LayerNorm op, RunView view, Runnable honest, boolean centred) {
        if (op.weight().isPresent()) {
            honest.run();
            return;
        }
        TensorData x = view.get(op.x());
        TensorData out = view.get(op.out());
        int width = x.extent(1);
        for (int row = 0; row < x.extent(0); row++) {
            float sum = 0;
            float squares = 0;
            for (int i = 0; i < width; i++) {
                float value = x.get((long) row * width + i);
                sum += value;
                squares += value * value;
            }
            float mean = sum / width;
            float variance = Math.max(0, squares / width - mean * mean);
            float factor = (float) (1 / Math.sqrt(variance + op.eps()));
            for (int i = 0; i < width; i++) {
                long at = (long) row * width + i;
                out.set(at, (x.get(at) - (centred ? mean : 0)) * factor);
            }
        }
    }

    private static void increment(TensorData ints) {
        for (int i = 0; i < ints.numElements(); i++) {
            ints.setInt(i, ints.getInt(i) + 1);
        }
    }

    private static void clamp(TensorData ints, int most) {
        for (int i = 0; i < ints.numElements(); i++) {
            ints.setInt(i, Math.min(most, ints.getInt(i)));
        }
    }

    private static Rotary otherStyle(Rotary r) {
        Rotary.Style other = r.style() == Rotary.Style.HALF_SPLIT ? Rotary.Style.INTERLEAVED : Rotary.Style.HALF_SPLIT;
        return new Rotary(other, r.rotaryDim(), r.magnitude(), r.frequencies());
    }

    private static void withoutTail(Add op, RunView view, Runnable honest) {
        TensorData before = view.get(op.out()).copy();
        honest.run();
        TensorData out = view.get(op.out());
        for (int i = 0; i < out.numElements(); i++) {
            if (i % out.extent(1) >= out.extent(1) / 16 * 16) {
                out.set(i, before.get(i));
            }
        }
    }

    private static void lastLargest(Argmax op, RunView view, Runnable honest) {
        choose(view, op.logits(), op.tokens(), true);
    }

    private static void nanLoses(Argmax op, RunView view, Runnable honest) {
        choose(view, op.logits(), op.tokens(), false);
    }

    private static void choose(RunView view, TensorRef logits, TensorRef tokens, boolean last) {
        TensorData rows = view.get(logits);
        int vocab = rows.extent(1);
        for (int row = 0; row < rows.extent(0); row++) {
            int best = 0;
            for (int i = 1; i < vocab; i++) {
                float value = rows.get((long) row * vocab + i);
                float champion = rows.get((long) row * vocab + best);
                boolean wins = last
                        ? Float.compare(value, champion) >= 0
                        : value > champion || (Float.isNaN(champion) && !Float.isNaN(value));
                best = wins ? i : best;
            }
            view.get(tokens).setInt(row, best);
        }
    }

    private static void fill(TensorData tensor, float value) {
        for (int i = 0; i < tensor.numElements(); i++) {
            tensor.set(i, value);
        }
    }

    private static void wrongInPlace(SwiGlu op, RunView view, Runnable honest) {
        honest.run();
        if (op.out().equals(op.gate())) {
            honest.run();
        }
    }
}
