package dev.filigree.cuda.ops;

import dev.filigree.api.op.Linear;
import dev.filigree.api.plan.TensorDecl;
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
 * Launches of 16-bit linear layers for many tokens on compute capability 9.0 (linear/linear_sm90a.cu). Says nothing of other
 * layers, which the general kernels then take: few tokens, f32 operands, and rows of inputs that do not end on 16 bytes, as bulk
 * copies need.
 */
final class HopperLinear {
    /** Most tokens that read a weight row by row: more are cheaper in tiles. */
    static final int FEW_TOKENS = 8;

    private static final int TILE_TOKENS = 128;
    private static final int TILE_OUTPUTS = 256;
    private static final int PARAMS_BYTES = 320;
    private static final int THREADS = 384;
    private static final long SHARED_BYTES = 1024 + 4L * (TILE_TOKENS + TILE_OUTPUTS) * 64 * 2 + 64;

    private HopperLinear() {}

    static Optional<Choice> linear(Linear op, Tensors tensors, DeviceTraits device) {
        TensorDecl x = tensors.get(op.x());
        TensorDecl w = tensors.get(op.weight());
        TensorDecl y = tensors.get(op.y());
        long inFeatures = w.capacity(1);
        long outFeatures = w.capacity(0);
        boolean serves = device.isHopper()
                && (x.dtype() == DType.BF16 || x.dtype() == DType.F16)
                && w.dtype() == x.dtype()
                && x.capacity(0) > FEW_TOKENS
                && inFeatures > 0
                && inFeatures % 8 == 0
                && outFeatures > 0;
        if (!serves) {
            return Optional.empty();
        }
        Struct params = new Struct()
                .rows(x, inFeatures, TILE_TOKENS)
                .rows(w, inFeatures, TILE_OUTPUTS)
                .data(op.y());
        params = op.bias().isPresent() ? params.data(op.bias().get()) : params.nulls(1);
        Arg arg = params.amount(new Field.Amount.Extent(op.x(), 0, 1, 0, 1, 0))
                .ints(Math.toIntExact(outFeatures), Math.toIntExact(inFeatures))
                .ints(op.bias().map(b -> tensors.get(b).dtype().ordinal()).orElse(0))
                .ints(y.dtype().ordinal())
                .end(PARAMS_BYTES);
        return Optional.of(Choice.of(Launch.of(kernel(x.dtype()), THREADS)
                .shared(SHARED_BYTES)
                .arg(arg)
                .grid(device.numSms())));
    }

    private static String kernel(DType dtype) {
        String name = dtype == DType.BF16 ? "bf16" : "f16";
        return "linear__x_" + name + "_w_" + name + "__bm" + TILE_TOKENS + "_bn" + TILE_OUTPUTS + "__sm90a";
    }
}
