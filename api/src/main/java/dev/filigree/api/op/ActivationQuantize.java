package dev.filigree.api.op;

import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import java.util.List;
import java.util.Optional;

/**
 * Quantizes activations per token and group: {@code (x + shift) / smooth}, then codes and scales as {@link
 * QuantFormat} says (SVDQuant section 4.1; QServe section 4.1). Sum and quotient are fp32.
 *
 * @param format codes and scales
 * @param shift added before everything else so that unsigned codes apply, 0 for signed ones
 * @param x {@code [numTokens, inFeatures]} f32, f16 or bf16
 * @param smooth {@code [inFeatures]} f32, f16 or bf16, divided out; absent: 1
 * @param codes {@code [numTokens, inFeatures]} of the format's dtype
 * @param scales {@code [numTokens, numGroups]} of the format's scale dtype
 * @param sums {@code [numTokens]} f32, sum over the row of code times scale, for weights with zeros; absent: not
 *     wanted
 */
public record ActivationQuantize(
        QuantFormat format,
        float shift,
        TensorRef x,
        Optional<TensorRef> smooth,
        TensorRef codes,
        TensorRef scales,
        Optional<TensorRef> sums)
        implements Op {

    @Override
    public List<TensorRef> inputs() {
        return Refs.list(List.of(x), smooth);
    }

    @Override
    public List<TensorRef> outputs() {
        return Refs.list(List.of(codes, scales), sums);
    }

    @Override
    public void check(Tensors tensors) {
        TensorDecl in = tensors.requireFloat(opName(), x);
        tensors.requireRow(opName(), tensors.require(opName(), codes, format.codes()), in.rowElements());
        tensors.requireRow(
                opName(), tensors.require(opName(), scales, format.scaleDtype()), format.groups(in.rowElements()));
        smooth.ifPresent(s -> tensors.requireExtent(opName(), tensors.requireFloat(opName(), s), 0, in.rowElements()));
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        return Refs.perToken(
                tensors,
                load,
                List.of(x),
                List.of(codes, scales),
                3.0 * tensors.get(x).rowElements());
    }
}
