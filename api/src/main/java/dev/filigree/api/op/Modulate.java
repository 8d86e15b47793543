package dev.filigree.api.op;

import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.PlanException;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import java.util.List;
import java.util.Optional;

/**
 * {@code out = residual + x * (offset + scale) + shift}, element by element, with one row of scale and shift per
 * sequence: the modulation of adaptive layer norms with offset 1, the gate of a residual branch with offset 0
 * (Peebles and Xie 2023, section 3.2; PixArt-alpha section 2.3), and without a scale the sum of a Euler step.
 *
 * @param offset added to every scale
 * @param x {@code [numTokens, n]} f32, f16 or bf16
 * @param qOffsets {@code [numSeqs + 1]} i32, first 0, last numTokens
 * @param scale {@code [numSeqs, n]} f32, f16 or bf16; absent: 0
 * @param shift {@code [numSeqs, n]} f32, f16 or bf16; absent: 0
 * @param residual as x; absent: 0
 * @param out as x; may be x or the residual
 */
public record Modulate(
        float offset,
        TensorRef x,
        TensorRef qOffsets,
        Optional<TensorRef> scale,
        Optional<TensorRef> shift,
        Optional<TensorRef> residual,
        TensorRef out)
        implements Op {

    /** Checks the offset. */
    public Modulate {
        if (!Float.isFinite(offset)) {
            throw new PlanException("Modulate: offset must be finite, not " + offset);
        }
    }

    @Override
    public List<TensorRef> inputs() {
        return Refs.list(List.of(x, qOffsets), scale, shift, residual);
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(out);
    }

    @Override
    public void check(Tensors tensors) {
        long width = tensors.requireFloat(opName(), x).rowElements();
        tensors.requireRow(opName(), tensors.requireFloat(opName(), out), width);
        residual.ifPresent(r -> tensors.requireRow(opName(), tensors.requireFloat(opName(), r), width));
        TensorDecl offsets = tensors.requireIndices(opName(), qOffsets);
        for (Optional<TensorRef> perSequence : List.of(scale, shift)) {
            perSequence.ifPresent(ref -> {
                TensorDecl rows = tensors.requireFloat(opName(), ref);
                tensors.requireRow(opName(), rows, width);
                tensors.requireCapacity(opName(), rows, 0, offsets.capacity(0) - 1);
            });
        }
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        double flops = 4.0 * tensors.get(x).rowElements();
        return Refs.perToken(tensors, load, Refs.list(List.of(x), residual), outputs(), flops);
    }
}
