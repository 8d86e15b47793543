package dev.filigree.cuda.ops;

import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.op.ActivationQuantize;
import dev.filigree.api.op.LowBitLinear;
import dev.filigree.api.op.LowRankDown;
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
import java.util.List;
import java.util.Optional;

/**
 * Launches of W4A4 layers in groups of 64 on compute capability 9.0 (lowbitlinear/low_bit_groups_sm90a.cu): both sides are widened
 * to e4m3 in the step's scratch, a byte a code, and multiplied there. A whole layer, from x to y with its low-rank branch, is one
 * step. Says nothing of other layers: zeros, other group sizes, inputs that are no multiple of 32.
 */
final class HopperLowBit {
    private static final int TILE = 128;
    private static final int STEP = 128;
    private static final int BRANCH_RANKS = 32;
    private static final int BRANCH_COLUMNS = 64;
    private static final int PARAMS_BYTES = 640;
    private static final int BEFORE_BYTES = 88;
    private static final int THREADS = 384;
    private static final long SHARED_BYTES = 1024 + 6L * 34 * 1024 + 96;
    private static final int QUANTIZE_TOKENS = 16;
    private static final long WIDEN_BLOCKS_PER_SM = 4;

    private HopperLowBit() {}

    /** The product of codes alone. */
    static Optional<Choice> product(LowBitLinear op, Tensors tensors, DeviceTraits device) {
        if (!device.isHopper()
                || !serves(op, tensors)
                || !Operands.arePacked(tensors, op.x(), op.xScales().orElseThrow())) {
            return Optional.empty();
        }
        Layout layout = new Layout(op, 0, 0, tensors);
        return Optional.of(Choice.withScratch(
                layout.bytes(),
                layout.widen(op.weight(), op.scales(), device),
                layout.widen(op.x(), op.xScales().orElseThrow(), device),
                layout.multiply(device)));
    }

    /** A layer's steps as a policy plans them, whose tensors in between nobody else reads. */
    record Layer(
            ActivationQuantize quantize, Optional<LowRankDown> down, LowBitLinear product, Optional<LowRankUp> up) {
        /** Whether each step takes what the one before gives. */
        boolean fits() {
            return product.x().equals(quantize.codes())
                    && product.xScales().equals(Optional.of(quantize.scales()))
                    && quantize.sums().isEmpty()
                    && down.isPresent() == up.isPresent()
                    && down.map(d -> d.x().equals(quantize.x())).orElse(true)
                    && up.map(u -> u.y().equals(product.y())).orElse(true)
                    && up.map(LowRankUp::hiddenRank).equals(down.map(LowRankDown::hiddenRank))
                    // the branch starts the sums that a channel scale multiplies
                    && (up.isEmpty() || product.channelScales().isEmpty());
        }
    }

    /** A whole layer. */
    static Optional<Choice> layer(Layer layer, Tensors tensors, DeviceTraits device) {
        TensorDecl x = tensors.get(layer.quantize.x());
        List<Optional<TensorRef>> factors = List.of(layer.down.map(LowRankDown::down), layer.up.map(LowRankUp::up));
        boolean serves = device.isHopper()
                && layer.fits()
                && serves(layer.product, tensors)
                && Operands.is16Bit(x.dtype())
                && Operands.isPacked(x)
                && layer.quantize
                        .smooth()
                        .map(s -> Operands.isPacked(tensors.get(s)))
                        .orElse(true)
                && factors.stream()
                        .flatMap(Optional::stream)
                        .map(tensors::get)
                        .allMatch(f -> Operands.is16Bit(f.dtype()) && Operands.isPacked(f))
                && factors.get(0).map(d -> tensors.get(d).dtype() == x.dtype()).orElse(true);
        if (!serves) {
            return Optional.empty();
        }
        int rank = factors.get(0)
                .map(d -> Math.toIntExact(tensors.get(d).capacity(0)))
                .orElse(0);
        int parts = factors.get(1)
                .map(u -> tensors.get(u).dtype() == DType.BF16 ? 1 : 2)
                .orElse(0);
        Layout layout = new Layout(layer.product, rank, Math.ceilDiv(rank, BRANCH_RANKS) * parts, tensors);
        return Optional.of(
                Choice.withScratch(layout.bytes(), layout.quantize(layer, x, device), layout.multiply(device)));
    }

    private static boolean serves(LowBitLinear op, Tensors tensors) {
        TensorDecl w = tensors.get(op.weight());
        return op.zeros().isEmpty()
                && isInt4(op.weightFormat())
                && op.activationFormat().filter(HopperLowBit::isInt4).isPresent()
                && w.capacity(0) > 0
                && w.capacity(1) > 0
                && w.capacity(1) % 32 == 0
                && Operands.arePacked(tensors, op.weight(), op.scales(), op.y());
    }

    private static boolean isInt4(QuantFormat format) {
        return format.codes() == DType.I4 && format.groupSize() == 64 && Operands.is16Bit(format.scaleDtype());
    }

    /** What lies where in the scratch of a step, and the launches over it. */
    private static final class Layout {
        private final LowBitLinear op;
        private final Tensors tensors;
        private final int rank;
        private final int branchSteps;
        private final int inFeatures;
        private final int outFeatures;
        private final long numTokens;
        private final int numSteps;
        private final Area x;
        private final Area w;
        private final long end;

        /** One side: codes, scales and its factor of the branch, one after the other. */
        private record Area(long codes, long scales, long factor, int pitch, long end) {}

        Layout(LowBitLinear op, int rank, int branchSteps, Tensors tensors) {
            this.op = op;
            this.tensors = tensors;
            this.rank = rank;
            this.branchSteps = branchSteps;
            TensorDecl weight = tensors.get(op.weight());
            inFeatures = Math.toIntExact(weight.capacity(1));
            outFeatures = Math.toIntExact(weight.capacity(0));
            numTokens = tensors.get(op.x()).capacity(0);
            numSteps = Math.ceilDiv(inFeatures, STEP);
            x = area(0, numTokens);
            w = area(x.end, outFeatures);
            end = w.end;
        }

        private Area area(long at, long rows) {
            long pitch = Math.ceilDiv(Math.max(1, rows), TILE) * TILE;
            long scales = at + pitch * STEP * numSteps;
            long factor = scales + pitch * 8 * numSteps;
            return new Area(
                    at, scales, factor, Math.toIntExact(pitch), factor + pitch * 2 * BRANCH_COLUMNS * branchSteps);
        }

        long bytes() {
            return end;
        }

        /** Both sides of a product whose input is quantized already. */
        Launch widen(TensorRef codes, TensorRef scales, DeviceTraits device) {
            return Launch.of("low_bit_linear__w_i4__g64__widen__sm90a", 256)
                    .arg(widened(new Struct(), codes, scales, Optional.empty()).end(BEFORE_BYTES))
                    .grid(WIDEN_BLOCKS_PER_SM * device.numSms());
        }

        private Struct widened(Struct params, TensorRef codes, TensorRef scales, Optional<TensorRef> up) {
            boolean weight = codes.equals(op.weight());
            Area to = weight ? w : x;
            return params.data(codes, scales)
                    .scratch(to.codes, to.scales)
                    .data(up)
                    .scratch(to.factor)
                    .amount(new Field.Amount.Extent(codes, 0, 1, 0, 1, 0))
                    .ints(inFeatures, numSteps, to.pitch)
                    .ints(tensors.get(scales).dtype().ordinal(), weight ? 1 : 0)
                    .ints(HopperMatmul.dtype(up, tensors), rank, branchSteps, 0);
        }

        /** Quantizes x, projects it down and widens the weight, side by side. */
        Launch quantize(Layer layer, TensorDecl input, DeviceTraits device) {
            int blocks = Math.toIntExact(Math.max(1, Math.ceilDiv(numTokens, QUANTIZE_TOKENS)));
            Struct params = new Struct()
                    .data(input.ref())
                    .data(layer.quantize.smooth())
                    .data(layer.down.map(LowRankDown::down))
                    .scratch(x.codes, x.scales, x.factor)
                    .amount(new Field.Amount.Extent(input.ref(), 0, 1, 0, 1, 0))
                    .ints(inFeatures, numSteps, x.pitch)
                    .ints(HopperMatmul.dtype(layer.quantize.smooth(), tensors))
                    .ints(layer.quantize.format().scaleDtype().ordinal())
                    .number(layer.quantize.shift())
                    .ints(rank, branchSteps, blocks);
            params = widened(params, op.weight(), op.scales(), layer.up.map(LowRankUp::up));
            return Launch.of("activation_quantize__x_" + input.dtype().id() + "_o_e4m3__g64__down__sm90a", 256)
                    .arg(params.end(2 * BEFORE_BYTES))
                    .grid(blocks + WIDEN_BLOCKS_PER_SM * device.numSms());
        }

        Launch multiply(DeviceTraits device) {
            Field.Amount tokens = new Field.Amount.Extent(op.x(), 0, 1, 0, 1, 1);
            Field.Amount outputs = new Field.Amount.Fixed(outFeatures);
            long columns = (long) STEP / 2 * numSteps;
            boolean branched = branchSteps > 0;
            long branch = branched ? (long) BRANCH_COLUMNS * branchSteps : columns;
            Arg params = new Struct()
                    .rows(x.codes, true, columns, tokens, TILE)
                    .rows(w.codes, true, columns, outputs, TILE)
                    .rows(branched ? x.factor : x.codes, true, branch, tokens, TILE)
                    .rows(branched ? w.factor : w.codes, true, branch, outputs, TILE)
                    .scratch(x.scales, w.scales)
                    .data(op.y())
                    .data(op.channelScales())
                    .data(op.bias())
                    .amount(new Field.Amount.Extent(op.x(), 0, 1, 0, 1, 0))
                    .ints(outFeatures, numSteps, branchSteps, x.pitch, w.pitch, outFeatures)
                    .ints(tensors.get(op.y()).dtype().ordinal())
                    .ints(HopperMatmul.dtype(op.channelScales(), tensors), HopperMatmul.dtype(op.bias(), tensors))
                    .end(PARAMS_BYTES);
            return Launch.of("low_bit_linear__x_i4_w_i4__g64__bm128_bn128__sm90a", THREADS)
                    .shared(SHARED_BYTES)
                    .arg(params)
                    .grid(device.numSms());
        }
    }
}
