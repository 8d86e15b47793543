package dev.filigree.cuda.ops;

import dev.filigree.api.op.LowRankDown;
import dev.filigree.api.op.LowRankUp;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cuda.launch.Arg;
import dev.filigree.cuda.launch.Choice;
import dev.filigree.cuda.launch.DeviceTraits;
import dev.filigree.cuda.launch.Field;
import dev.filigree.cuda.launch.Launch;
import dev.filigree.cuda.launch.Struct;
import java.util.Optional;

/**
 * Launches of low-rank branches on compute capability 9.0 (lowrankdown/low_rank_down_sm90a.cu, lowrankup/low_rank_up_sm90a.cu),
 * where no kernel of the product takes them along. Says nothing of f32 operands and of rows that do not end on 16 bytes.
 */
final class HopperBranch {
    private static final int THREADS = 256;
    private static final int PARAMS_BYTES = 40;
    private static final int RANKS = 32;
    private static final int DOWN_TOKENS = 16;
    private static final int DOWN_CLUSTER = 8;
    private static final int UP_TOKENS = 64;
    private static final int UP_OUTPUTS = 128;

    private HopperBranch() {}

    static Optional<Choice> down(LowRankDown op, Tensors tensors, DeviceTraits device) {
        TensorDecl x = tensors.get(op.x());
        TensorDecl down = tensors.get(op.down());
        boolean serves = device.isHopper()
                && Operands.is16Bit(x.dtype())
                && down.dtype() == x.dtype()
                && down.capacity(1) % 8 == 0
                && Operands.arePacked(tensors, op.x(), op.down(), op.hiddenRank());
        if (!serves) {
            return Optional.empty();
        }
        Arg params = new Struct()
                .data(op.x(), op.down(), op.hiddenRank())
                .amount(new Field.Amount.Extent(op.x(), 0, 1, 0, 1, 0))
                .ints(Math.toIntExact(down.capacity(1)), Math.toIntExact(down.capacity(0)))
                .end(PARAMS_BYTES);
        String dtype = x.dtype().id();
        return Optional.of(Choice.of(Launch.of("low_rank_down__x_" + dtype + "_w_" + dtype + "__sm90a", THREADS)
                .arg(params)
                .grid(DOWN_CLUSTER * tiles(x.capacity(0), DOWN_TOKENS), tiles(down.capacity(0), RANKS), 1)));
    }

    static Optional<Choice> up(LowRankUp op, Tensors tensors, DeviceTraits device) {
        TensorDecl y = tensors.get(op.y());
        TensorDecl up = tensors.get(op.up());
        boolean serves = device.isHopper()
                && Operands.is16Bit(y.dtype())
                && Operands.is16Bit(up.dtype())
                && up.capacity(0) % 8 == 0
                && Operands.arePacked(tensors, op.hiddenRank(), op.up(), op.y());
        if (!serves) {
            return Optional.empty();
        }
        Arg params = new Struct()
                .data(op.hiddenRank(), op.up(), op.y())
                .amount(new Field.Amount.Extent(op.y(), 0, 1, 0, 1, 0))
                .ints(Math.toIntExact(up.capacity(0)), Math.toIntExact(up.capacity(1)))
                .ints(up.dtype().ordinal())
                .end(PARAMS_BYTES);
        long columns = tiles(up.capacity(0), UP_OUTPUTS);
        long most = Math.max(1, Math.ceilDiv(8L * device.numSms(), columns));
        return Optional.of(Choice.of(Launch.of("low_rank_up__y_" + y.dtype().id() + "__sm90a", THREADS)
                .arg(params)
                .grid(columns, Math.min(most, tiles(y.capacity(0), UP_TOKENS)), 1)));
    }

    private static long tiles(long extent, int tile) {
        return Math.max(1, Math.ceilDiv(extent, tile));
    }
}
