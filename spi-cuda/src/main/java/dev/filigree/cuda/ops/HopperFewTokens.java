package dev.filigree.cuda.ops;

import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.op.LowBitLinear;
import dev.filigree.api.op.LowRankUp;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.tensor.DType;
import dev.filigree.cuda.launch.Arg;
import dev.filigree.cuda.launch.Choice;
import dev.filigree.cuda.launch.DeviceTraits;
import dev.filigree.cuda.launch.Field;
import dev.filigree.cuda.launch.Launch;
import dev.filigree.cuda.launch.Struct;
import java.util.Optional;

/**
 * Launches of W4A16 layers for up to 16 tokens on compute capability 9.0 (lowbitlinear/low_bit_few_sm90a.cu), the up-projection
 * of a low-rank branch included. Says nothing of other layers: zeros, other group sizes, f32 activations, inputs that are no
 * multiple of 128.
 */
final class HopperFewTokens {
    static final int MAX_TOKENS = 16;

    private static final int PARAMS_BYTES = 112;
    private static final int WARPS = 8;
    private static final int STEP = 128;
    private static final int STAGES = 3;
    /** Codes of a step with their padding, and two scales. */
    private static final int ROW_BYTES = 96 + 4;

    /** Outputs of a cluster, most tokens, and the blocks that share the inputs. */
    private record Tile(int rows, int tokens, int split) {}

    private HopperFewTokens() {}

    static Optional<Choice> product(LowBitLinear op, Optional<LowRankUp> up, Tensors tensors, DeviceTraits device) {
        TensorDecl x = tensors.get(op.x());
        TensorDecl w = tensors.get(op.weight());
        if (!device.isHopper()
                || !serves(op, tensors)
                || !up.map(u -> serves(u, op, tensors)).orElse(true)) {
            return Optional.empty();
        }
        Tile tile = tile(x.capacity(0), w.capacity(0), w.capacity(1), device);
        long blocks = Math.ceilDiv(w.capacity(0), tile.rows) * tile.split;
        return Optional.of(Choice.of(Launch.of(kernel(x.dtype(), tile), 32 * WARPS)
                .shared((long) WARPS * STAGES * tile.rows * ROW_BYTES + 4L * tile.rows * tile.tokens)
                .arg(params(op, up, tensors))
                .grid(blocks)));
    }

    private static boolean serves(LowBitLinear op, Tensors tensors) {
        TensorDecl x = tensors.get(op.x());
        TensorDecl w = tensors.get(op.weight());
        QuantFormat format = op.weightFormat();
        return op.activationFormat().isEmpty()
                && op.zeros().isEmpty()
                && format.codes() == DType.I4
                && format.groupSize() == 64
                && Operands.is16Bit(format.scaleDtype())
                && Operands.is16Bit(x.dtype())
                && x.capacity(0) <= MAX_TOKENS
                && w.capacity(0) > 0
                && w.capacity(1) > 0
                && w.capacity(1) % STEP == 0
                && Operands.arePacked(tensors, op.x(), op.weight(), op.scales(), op.y());
    }

    private static boolean serves(LowRankUp up, LowBitLinear op, Tensors tensors) {
        return up.y().equals(op.y())
                && Operands.is16Bit(tensors.get(up.up()).dtype())
                && Operands.arePacked(tensors, up.up(), up.hiddenRank());
    }

    private static Arg params(LowBitLinear op, Optional<LowRankUp> up, Tensors tensors) {
        TensorDecl w = tensors.get(op.weight());
        int outFeatures = Math.toIntExact(w.capacity(0));
        int inFeatures = Math.toIntExact(w.capacity(1));
        Optional<TensorRef> factor = up.map(LowRankUp::up);
        return new Struct()
                .data(op.x(), op.weight(), op.scales())
                .data(op.channelScales())
                .data(op.bias())
                .data(op.y())
                .data(up.map(LowRankUp::hiddenRank))
                .data(factor)
                .amount(new Field.Amount.Extent(op.x(), 0, 1, 0, 1, 0))
                .ints(outFeatures, inFeatures)
                .ints(tensors.get(op.scales()).dtype().ordinal())
                .ints(HopperMatmul.dtype(op.channelScales(), tensors))
                .ints(HopperMatmul.dtype(op.bias(), tensors), HopperMatmul.dtype(factor, tensors))
                .ints(tensors.get(op.y()).dtype().ordinal())
                .ints(factor.map(u -> Math.toIntExact(tensors.get(u).capacity(1)))
                        .orElse(0))
                .ints(inFeatures, outFeatures)
                .end(PARAMS_BYTES);
    }

    /** Enough blocks that all multiprocessors have weights on the way. */
    private static Tile tile(long numTokens, long outFeatures, long inFeatures, DeviceTraits device) {
        int tokens = numTokens <= 8 ? 8 : 16;
        int rows = tokens == 8 ? 16 : 32;
        long blocks = Math.ceilDiv(outFeatures, rows);
        boolean split = blocks < 2L * device.numSms() && inFeatures >= 2L * WARPS * STEP;
        return new Tile(rows, tokens, split ? 2 : 1);
    }

    private static String kernel(DType dtype, Tile tile) {
        return "low_bit_linear__x_" + dtype.id() + "_w_i4__few" + tile.tokens + "_rows" + tile.rows + "_split"
                + tile.split + "__sm90a";
    }
}
