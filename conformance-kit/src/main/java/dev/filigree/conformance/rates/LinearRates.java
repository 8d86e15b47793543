package dev.filigree.conformance.rates;

import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.op.ActivationQuantize;
import dev.filigree.api.op.Linear;
import dev.filigree.api.op.LowBitLinear;
import dev.filigree.api.op.LowRankDown;
import dev.filigree.api.op.LowRankUp;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import java.util.Map;
import java.util.Optional;

/**
 * Linear layers of one shape in each storage, bf16 in and out. A plan for few tokens is as many layers, each with a weight of its
 * own, as read more than a device's cache holds.
 */
final class LinearRates {
    private static final int FEW_TOKENS = 16;

    private final TimedPlan timed;
    private final long beyondCache;

    LinearRates(TimedPlan timed, long beyondCache) {
        this.timed = timed;
        this.beyondCache = beyondCache;
    }

    /** A storage of the weight, and of the activations where it asks for one. */
    enum Storage {
        /** 16-bit weights. */
        BF16(16, Optional.empty(), Optional.empty(), 0),
        /** 4-bit weights in groups of 64. */
        W4A16(4.25, Optional.of(QuantFormat.INT4_G64), Optional.empty(), 0),
        /** 4-bit weights and activations in groups of 64, quantization included. */
        W4A4(4.25, Optional.of(QuantFormat.INT4_G64), Optional.of(QuantFormat.INT4_G64), 0),
        /** The same beside a branch of rank 32, with smoothing, as SVDQuant stores a layer. */
        W4A4_RANK32(4.25, Optional.of(QuantFormat.INT4_G64), Optional.of(QuantFormat.INT4_G64), 32),
        /** 4-bit weights, 8-bit activations with a scale per token, quantization included. */
        W4A8(4.25, Optional.of(QuantFormat.INT4_G64), Optional.of(QuantFormat.INT8_ROW), 0),
        /** 8-bit weights and activations, a scale per row of each, quantization included. */
        W8A8(8, Optional.of(QuantFormat.INT8_ROW), Optional.of(QuantFormat.INT8_ROW), 0);

        final double bits;
        final Optional<QuantFormat> weight;
        final Optional<QuantFormat> activation;
        final int rank;

        Storage(double bits, Optional<QuantFormat> weight, Optional<QuantFormat> activation, int rank) {
            this.bits = bits;
            this.weight = weight;
            this.activation = activation;
            this.rank = rank;
        }
    }

    /** {@code y = x W^T}; the rate is of the bytes of the weight for few tokens, of the product's operations otherwise. */
    Rate of(Storage storage, int tokens, int in, int out) {
        double bytes = storage.bits / 8 * in * out;
        boolean few = tokens <= FEW_TOKENS;
        int layers = few ? (int) Math.clamp((long) (beyondCache / bytes), 1, 64) : 1;
        PlanBuilder b = new PlanBuilder("rates.linear");
        TensorRef x = b.declare("x", TensorRole.INPUT, DType.BF16, dim("numTokens", tokens), dim("in", in));
        for (int layer = 0; layer < layers; layer++) {
            TensorRef y =
                    b.declare("y" + layer, TensorRole.OUTPUT, DType.BF16, dim("numTokens", tokens), dim("out", out));
            new Layer(b, "layer" + layer + ".", tokens, in, out).add(storage, x, y);
        }
        double seconds = timed.seconds(b.build(), Map.of()) / layers;
        return few ? Rate.bytes(seconds, 1, bytes) : Rate.flops(seconds, 1, 2.0 * tokens * in * out);
    }

    /** The steps of one layer, in the order in which policies plan them. */
    private record Layer(PlanBuilder b, String name, int tokens, int in, int out) {

        void add(Storage storage, TensorRef x, TensorRef y) {
            if (storage.weight.isEmpty()) {
                b.add(new Linear(x, weight("weight", DType.BF16, dim("out", out), dim("in", in)), Optional.empty(), y));
                return;
            }
            Optional<TensorRef> codes = storage.activation.map(f -> temp("codes", f.codes(), dim("in", in)));
            Optional<TensorRef> scales = storage.activation.map(f -> temp("scales", f.scaleDtype(), groups(f)));
            storage.activation.ifPresent(f -> b.add(new ActivationQuantize(
                    f, 0, x, smooth(storage), codes.orElseThrow(), scales.orElseThrow(), Optional.empty())));
            Optional<TensorRef> hidden = down(storage, x);
            product(storage, codes.orElse(x), scales, y);
            hidden.ifPresent(h -> b.add(new LowRankUp(h, weight("up", DType.BF16, dim("out", out), rank(storage)), y)));
        }

        private void product(Storage storage, TensorRef x, Optional<TensorRef> scales, TensorRef y) {
            QuantFormat format = storage.weight.orElseThrow();
            b.add(new LowBitLinear(
                    format,
                    storage.activation,
                    x,
                    scales,
                    Optional.empty(),
                    weight("weight", format.codes(), dim("out", out), dim("in", in)),
                    weight("wscales", format.scaleDtype(), dim("out", out), groups(format)),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    y));
        }

        private Optional<TensorRef> down(Storage storage, TensorRef x) {
            if (storage.rank == 0) {
                return Optional.empty();
            }
            TensorRef hidden = temp("hidden", DType.F32, rank(storage));
            b.add(new LowRankDown(x, weight("down", DType.BF16, rank(storage), dim("in", in)), hidden));
            return Optional.of(hidden);
        }

        private Optional<TensorRef> smooth(Storage storage) {
            return storage.rank == 0 ? Optional.empty() : Optional.of(weight("smooth", DType.BF16, dim("in", in)));
        }

        private static Dim rank(Storage storage) {
            return dim("rank", storage.rank);
        }

        private Dim groups(QuantFormat format) {
            return dim("groups" + format.groupSize(), Math.toIntExact(format.groups(in)));
        }

        private TensorRef temp(String what, DType dtype, Dim columns) {
            return b.temp(name + what, dtype, dim("numTokens", tokens), columns);
        }

        private TensorRef weight(String what, DType dtype, Dim... dims) {
            return b.declare(name + what, TensorRole.WEIGHT, dtype, dims);
        }
    }

    private static Dim dim(String name, int size) {
        return Dim.fixed(name, size);
    }
}
