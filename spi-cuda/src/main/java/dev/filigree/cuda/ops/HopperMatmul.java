package dev.filigree.cuda.ops;

import dev.filigree.api.op.Linear;
import dev.filigree.api.op.LowBitLinear;
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
 * Launches of linear layers for many tokens on compute capability 9.0 whose sums run over whole rows (common/matmul_sm90a.cuh):
 * 16-bit operands, and 8-bit codes with a scale per token and one per output. Says nothing of other layers, which the general
 * kernels then take: few tokens, f32 operands, rows that do not end on 16 bytes, as bulk copies need, and low-bit weights under
 * 16-bit activations, because a weight rounded to 16 bits before the product breaks the tolerance of R812.
 */
final class HopperMatmul {
    /** Most tokens that read a weight row by row: more are cheaper in tiles. */
    static final int FEW_TOKENS = 8;

    private static final int TILE_ROWS = 128;
    private static final int TILE_COLUMNS = 256;
    private static final int STAGES = 4;
    private static final int STEP_BYTES = 128;
    private static final int THREADS = 384;
    private static final long SHARED_BYTES = 1024 + (long) STAGES * (TILE_ROWS + TILE_COLUMNS) * STEP_BYTES + 64;
    /** Words that end the operands on 64 bytes. */
    private static final int OPERANDS_RESERVED = 13;

    private static final int LINEAR_BYTES = 384;
    private static final int LOW_BIT_BYTES = 384;

    private HopperMatmul() {}

    static Optional<Choice> linear(Linear op, Tensors tensors, DeviceTraits device) {
        TensorDecl x = tensors.get(op.x());
        TensorDecl w = tensors.get(op.weight());
        TensorDecl y = tensors.get(op.y());
        if (!Operands.is16Bit(x.dtype()) || w.dtype() != x.dtype() || !serves(x, w, device)) {
            return Optional.empty();
        }
        String dtype = x.dtype().id();
        Arg params = operands(x, w)
                .data(op.y())
                .data(op.bias())
                .ints(dtype(op.bias(), tensors), y.dtype().ordinal())
                .end(LINEAR_BYTES);
        return Optional.of(Choice.of(launch("linear__x_" + dtype + "_w_" + dtype, params, device)));
    }

    static Optional<Choice> lowBit(LowBitLinear op, Tensors tensors, DeviceTraits device) {
        TensorDecl x = tensors.get(op.x());
        TensorDecl w = tensors.get(op.weight());
        TensorDecl y = tensors.get(op.y());
        boolean perRow = op.weightFormat().codes() == DType.I8
                && op.weightFormat().groupSize() == 0
                && op.weightFormat().scaleDtype() != DType.E4M3
                && op.zeros().isEmpty()
                && op.activationFormat()
                        .filter(f -> f.codes() == DType.I8 && f.groupSize() == 0 && f.scaleDtype() != DType.E4M3)
                        .isPresent();
        if (!perRow
                || !Operands.arePacked(
                        tensors,
                        op.x(),
                        op.weight(),
                        op.y(),
                        op.scales(),
                        op.xScales().orElseThrow())
                || !serves(x, w, device)) {
            return Optional.empty();
        }
        Arg params = operands(x, w)
                .data(op.y())
                .data(op.xScales())
                .data(op.scales())
                .data(op.channelScales())
                .data(op.bias())
                .ints(y.dtype().ordinal(), dtype(op.xScales(), tensors))
                .ints(tensors.get(op.scales()).dtype().ordinal())
                .ints(dtype(op.channelScales(), tensors), dtype(op.bias(), tensors))
                .end(LOW_BIT_BYTES);
        // Other dtypes of y are written element by element, by either kernel.
        String dtype = (Operands.is16Bit(y.dtype()) ? y.dtype() : DType.BF16).id();
        return Optional.of(Choice.of(launch("low_bit_linear__x_i8_w_i8_y_" + dtype, params, device)));
    }

    private static boolean serves(TensorDecl x, TensorDecl w, DeviceTraits device) {
        long rowBytes = w.capacity(1) * w.dtype().bits() / 8;
        return device.isHopper()
                && x.capacity(0) > FEW_TOKENS
                && w.capacity(0) > 0
                && rowBytes > 0
                && rowBytes % 16 == 0;
    }

    private static Struct operands(TensorDecl x, TensorDecl w) {
        return new Struct()
                .rows(x, TILE_ROWS)
                .rows(w, TILE_COLUMNS)
                .amount(new Field.Amount.Extent(x.ref(), 0, 1, 0, 1, 0))
                .ints(Math.toIntExact(w.capacity(0)))
                .ints(Math.toIntExact(w.capacity(1) * w.dtype().bits() / 8))
                .ints(new int[OPERANDS_RESERVED]);
    }

    private static Launch launch(String name, Arg params, DeviceTraits device) {
        return Launch.of(name + "__bm" + TILE_ROWS + "_bn" + TILE_COLUMNS + "__sm90a", THREADS)
                .shared(SHARED_BYTES)
                .arg(params)
                .grid(device.numSms());
    }

    /** The dtype of an optional tensor as kernels number it; any where there is none. */
    static int dtype(Optional<TensorRef> ref, Tensors tensors) {
        return ref.map(r -> tensors.get(r).dtype().ordinal()).orElse(0);
    }
}
