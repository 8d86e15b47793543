package dev.filigree.cuda.ops;

import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.op.ActivationQuantize;
import dev.filigree.api.op.Linear;
import dev.filigree.api.op.LoraApply;
import dev.filigree.api.op.LowBitLinear;
import dev.filigree.api.op.LowRankDown;
import dev.filigree.api.op.LowRankUp;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cuda.launch.Arg;
import dev.filigree.cuda.launch.Choice;
import dev.filigree.cuda.launch.DeviceTraits;
import dev.filigree.cuda.launch.Grids;
import dev.filigree.cuda.launch.Launch;

/** Launches of the linear ops on their general kernels. */
final class LinearOps {
    private static final int TILE = 64;
    private static final int WARPS = 8;
    private static final int THREADS = 32 * WARPS;

    private LinearOps() {}

    static Choice linear(Linear op, Tensors tensors, DeviceTraits device) {
        long numTokens = tensors.get(op.x()).capacity(0);
        long outFeatures = tensors.get(op.weight()).capacity(0);
        boolean few = numTokens <= HopperMatmul.FEW_TOKENS;
        return Choice.of(Launch.of(few ? "linear__few__cuda" : "linear__cuda", THREADS)
                .tensors(op.x(), op.weight())
                .tensor(op.bias())
                .tensors(op.y())
                .grid(few ? Grids.blocks(device, outFeatures, WARPS) : tiles(device, numTokens, outFeatures)));
    }

    static Choice lowBit(LowBitLinear op, Tensors tensors, DeviceTraits device) {
        long outFeatures = tensors.get(op.weight()).capacity(0);
        return Choice.of(Launch.of("low_bit_linear__cuda", THREADS)
                .tensors(op.x())
                .tensor(op.xScales())
                .tensors(op.weight(), op.scales())
                .tensor(op.zeros())
                .tensor(op.channelScales())
                .tensor(op.bias())
                .tensors(op.y())
                .ints(
                        op.activationFormat().map(QuantFormat::groupSize).orElse(0),
                        op.weightFormat().groupSize())
                .grid(tiles(device, tensors.get(op.x()).capacity(0), outFeatures)));
    }

    static Choice quantize(ActivationQuantize op, Tensors tensors, DeviceTraits device) {
        TensorDecl x = tensors.get(op.x());
        long groups = x.capacity(0) * op.format().groups(x.rowElements());
        Launch codes = Launch.of("activation_quantize__cuda", THREADS)
                .tensors(op.x())
                .tensor(op.smooth())
                .tensors(op.codes(), op.scales())
                .arg(op.sums().isPresent() ? new Arg.ScratchArg() : new Arg.NullArg())
                .number(op.shift())
                .ints(op.format().groupSize(), op.format().maxMagnitude())
                .grid(Grids.blocks(device, groups, WARPS));
        if (op.sums().isEmpty()) {
            return Choice.of(codes);
        }
        Launch sums = Launch.of("activation_quantize__sums__cuda", THREADS)
                .tensors(op.x())
                .scratch()
                .tensors(op.sums().get())
                .ints(op.format().groupSize())
                .grid(Grids.blocks(device, x.capacity(0), THREADS));
        return Choice.withScratch(8 * groups, codes, sums);
    }

    static Choice down(LowRankDown op, Tensors tensors, DeviceTraits device) {
        long results = tensors.get(op.x()).capacity(0) * tensors.get(op.down()).capacity(0);
        return Choice.of(Launch.of("low_rank_down__cuda", THREADS)
                .tensors(op.x(), op.down(), op.hiddenRank())
                .grid(Grids.blocks(device, results, WARPS)));
    }

    static Choice up(LowRankUp op, Tensors tensors, DeviceTraits device) {
        long results = tensors.get(op.y()).capacity(0) * tensors.get(op.up()).capacity(0);
        return Choice.of(Launch.of("low_rank_up__cuda", THREADS)
                .tensors(op.hiddenRank(), op.up(), op.y())
                .grid(Grids.blocks(device, results, THREADS)));
    }

    static Choice lora(LoraApply op, Tensors tensors, DeviceTraits device) {
        long totalRank = op.downs().stream()
                .mapToLong(down -> tensors.get(down).capacity(0))
                .sum();
        long numTokens = tensors.get(op.x()).capacity(0);
        Launch down = Launch.of("lora_apply__cuda", THREADS)
                .arg(new Arg.TableArg())
                .tensors(op.x())
                .arg(new Arg.TensorsArg(op.downs()))
                .ints(op.downs().size())
                .tensors(op.strengths())
                .scratch()
                .ints(Math.toIntExact(totalRank))
                .grid(Grids.blocks(device, numTokens * totalRank, WARPS));
        Launch up = Launch.of("lora_apply__up__cuda", THREADS)
                .arg(new Arg.TableArg())
                .arg(new Arg.TensorsArg(op.downs()))
                .arg(new Arg.TensorsArg(op.ups()))
                .ints(op.downs().size())
                .tensors(op.strengths())
                .scratch()
                .ints(Math.toIntExact(totalRank))
                .tensors(op.y())
                .grid(Grids.blocks(
                        device, numTokens * tensors.get(op.ups().get(0)).capacity(0), THREADS));
        return Choice.withScratch(4 * numTokens * totalRank, down, up);
    }

    private static long tiles(DeviceTraits device, long numRows, long numColumns) {
        return Grids.blocks(device, Math.ceilDiv(numRows, TILE) * Math.ceilDiv(numColumns, TILE), 1);
    }
}
