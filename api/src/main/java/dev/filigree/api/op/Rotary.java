package dev.filigree.api.op;

import dev.filigree.api.plan.PlanException;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.tensor.DType;

/**
 * How a vector is rotated by its position (RoFormer section 3.4.2). Pair c turns by the angle {@code position *
 * frequencies[c]}, that product rounded to fp32, cosine and sine then taken in fp32 or better and multiplied by
 * {@code magnitude}.
 *
 * @param style which channels form a pair
 * @param rotaryDim channels that turn, even; the rest pass through
 * @param magnitude factor on rotated channels, 1 unless the scaling rule says otherwise (YaRN's attention factor)
 * @param frequencies {@code [rotaryDim / 2]} f32, scaled inverse frequencies
 */
public record Rotary(Style style, int rotaryDim, float magnitude, TensorRef frequencies) {

    /** Which channels form a pair. */
    public enum Style {
        /** Channel c with channel {@code c + rotaryDim / 2}: Llama, Mistral and Qwen checkpoints. */
        HALF_SPLIT,
        /** Channel 2c with channel {@code 2c + 1}: FLUX. */
        INTERLEAVED
    }

    /** Checks that channels pair up. */
    public Rotary {
        if (rotaryDim < 2 || rotaryDim % 2 != 0) {
            throw new PlanException("Rotary: rotaryDim must be even and 2 or more, not " + rotaryDim);
        }
    }

    void check(String op, Tensors tensors, long headDim) {
        TensorDecl decl = tensors.requireRank(op, tensors.require(op, frequencies, DType.F32), 1);
        tensors.requireExtent(op, decl, 0, rotaryDim / 2);
        if (rotaryDim > headDim) {
            throw new PlanException(op + ": rotaryDim " + rotaryDim + " must be at most the head dim " + headDim);
        }
    }
}
