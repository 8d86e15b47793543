package dev.filigree.api.op;

import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.PlanException;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import java.util.List;
import java.util.Optional;

/**
 * A linear layer over low-bit weights, and low-bit activations where the scheme has them: W4A4, W4A8, W8A8 and
 * W4A16 (SVDQuant section 4; QServe section 4): {@code y = channelScale * sum_i x_i * w_i + bias} over the numbers that
 * codes stand for. Sums of one pair of groups are exact integers where both sides are
 * integers; groups are added in fp32 in ascending order, so results repeat from run to run.
 *
 * @param weightFormat codes and scales of the weight
 * @param activationFormat codes and scales of x; absent: x is f32, f16 or bf16
 * @param x {@code [numTokens, inFeatures]} codes or floats
 * @param xScales {@code [numTokens, numGroups]}; present exactly if x holds codes
 * @param xSums {@code [numTokens]} f32, row sums of x as {@link ActivationQuantize} gives them: a shortcut for kernels
 *     whose weight has one zero per row, without influence on the definition
 * @param weight {@code [outFeatures, inFeatures]} codes
 * @param scales {@code [outFeatures, numGroups]} of the weight format's scale dtype
 * @param zeros {@code [outFeatures, numGroups]} f32, f16 or bf16, {@code w = scale * code + zero}; absent: 0
 * @param channelScales {@code [outFeatures]} f32, f16 or bf16, further factor per output: a tensor scale or
 *     QServe's first level; absent: 1
 * @param bias {@code [outFeatures]} f32, f16 or bf16; absent: 0
 * @param y {@code [numTokens, outFeatures]} f32, f16 or bf16
 */
public record LowBitLinear(
        QuantFormat weightFormat,
        Optional<QuantFormat> activationFormat,
        TensorRef x,
        Optional<TensorRef> xScales,
        Optional<TensorRef> xSums,
        TensorRef weight,
        TensorRef scales,
        Optional<TensorRef> zeros,
        Optional<TensorRef> channelScales,
        Optional<TensorRef> bias,
        TensorRef y)
        implements Op {

    /** Checks that optional tensors come together. */
    public LowBitLinear {
        if (activationFormat.isPresent() != xScales.isPresent()) {
            throw new PlanException("LowBitLinear: xScales must be given exactly if x holds codes");
        }
    }

    @Override
    public List<TensorRef> inputs() {
        return Refs.list(List.of(x, weight, scales), xScales, xSums, zeros, channelScales, bias);
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(y);
    }

    @Override
    public void check(Tensors tensors) {
        TensorDecl w = tensors.requireRank(opName(), tensors.require(opName(), weight, weightFormat.codes()), 2);
        TensorDecl s = tensors.require(opName(), scales, weightFormat.scaleDtype());
        tensors.requireExtent(opName(), s, 0, w.capacity(0));
        tensors.requireRow(opName(), s, weightFormat.groups(w.capacity(1)));
        TensorDecl in = activationFormat.isPresent()
                ? tensors.require(opName(), x, activationFormat.get().codes())
                : tensors.requireFloat(opName(), x);
        tensors.requireRow(opName(), in, w.capacity(1));
        tensors.requireRow(opName(), tensors.requireFloat(opName(), y), w.capacity(0));
        activationFormat.ifPresent(f -> tensors.requireRow(
                opName(), tensors.require(opName(), xScales.orElseThrow(), f.scaleDtype()), f.groups(w.capacity(1))));
        bias.ifPresent(b -> tensors.requireExtent(opName(), tensors.requireFloat(opName(), b), 0, w.capacity(0)));
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        TensorDecl w = tensors.get(weight);
        return new Cost(
                2.0 * load.numTokens() * w.capacity(0) * w.capacity(1),
                w.capacityBytes()
                        + tensors.get(scales).capacityBytes()
                        + load.numTokens() * Refs.rowBytes(tensors.get(x)),
                load.numTokens() * Refs.rowBytes(tensors.get(y)));
    }
}
