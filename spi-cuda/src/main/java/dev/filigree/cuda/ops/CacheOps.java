package dev.filigree.cuda.ops;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.kvcache.Retention;
import dev.filigree.api.op.BlockSelect;
import dev.filigree.api.op.KvAppend;
import dev.filigree.api.op.KvCopy;
import dev.filigree.api.op.KvDequantize;
import dev.filigree.api.op.KvEvict;
import dev.filigree.api.op.KvPages;
import dev.filigree.api.op.PageChoice;
import dev.filigree.api.op.PageScore;
import dev.filigree.api.op.PageSelect;
import dev.filigree.api.op.PageStats;
import dev.filigree.api.op.Rotary;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cuda.launch.Arg;
import dev.filigree.cuda.launch.Choice;
import dev.filigree.cuda.launch.DeviceTraits;
import dev.filigree.cuda.launch.Grids;
import dev.filigree.cuda.launch.Launch;

/** Launches of the ops on cache pages and of selection. */
final class CacheOps {
    private static final int WARPS = 4;
    private static final int THREADS = 32 * WARPS;

    private CacheOps() {}

    static Choice append(KvAppend op, Tensors tensors, DeviceTraits device) {
        HeadMap heads = op.heads();
        long blocks = Grids.blocks(device, tensors.get(op.k()).capacity(0) * heads.numServedKvHeads(), WARPS);
        Launch write = pages("kv_append__cuda", op.kv())
                .shared(vectorBytes(op.kv()))
                .tensors(op.k(), op.v(), op.qOffsets(), op.positions())
                .arg(new Arg.IntsArg(heads.kvHeads()))
                .arg(new Arg.IntsArg(heads.kvSlots()))
                .ints(heads.numServedKvHeads())
                .tensor(op.rotary().map(Rotary::frequencies))
                .ints(op.rotary().map(Rotary::rotaryDim).orElse(0))
                .flag(op.rotary()
                        .filter(r -> r.style() == Rotary.Style.HALF_SPLIT)
                        .isPresent())
                .number(op.rotary().map(Rotary::magnitude).orElse(1f))
                .grid(blocks);
        if (!op.kv().layout().hasStats()) {
            return Choice.of(write);
        }
        Launch bounds = pages("kv_append__bounds__cuda", op.kv())
                .tensors(op.qOffsets(), op.positions())
                .arg(new Arg.IntsArg(heads.kvSlots()))
                .ints(heads.numServedKvHeads())
                .grid(blocks);
        return Choice.of(write, bounds);
    }

    static Choice dequantize(KvDequantize op, Tensors tensors, DeviceTraits device) {
        HeadMap heads = op.heads();
        Retention.SinkAndRecent window =
                op.retention() instanceof Retention.SinkAndRecent r ? r : new Retention.SinkAndRecent(0, 1);
        boolean whole = !(op.retention() instanceof Retention.SinkAndRecent);
        return Choice.of(pages("kv_dequantize__cuda", op.kv())
                .shared(vectorBytes(op.kv()))
                .tensors(op.kCurrent(), op.vCurrent(), op.qOffsets(), op.pastLengths(), op.kvOffsets())
                .tensors(op.k(), op.v(), op.kvPositions())
                .arg(new Arg.IntsArg(heads.kvHeads()))
                .arg(new Arg.IntsArg(heads.kvSlots()))
                .ints(heads.numServedKvHeads(), whole ? 0 : window.sink(), whole ? 0 : window.recent())
                .flag(op.roundCurrent())
                .grid(Grids.blocks(device, tensors.get(op.k()).capacity(0) * heads.numServedKvHeads(), WARPS)));
    }

    static Choice copy(KvCopy op, Tensors tensors, DeviceTraits device) {
        return Choice.of(Launch.of("kv_copy__cuda", 256)
                .tensors(op.pages(), op.sources(), op.targets())
                .grid(Grids.blocks(device, tensors.get(op.sources()).capacity(0), 1)));
    }

    static Choice evict(KvEvict op, Tensors tensors, DeviceTraits device) {
        return Choice.of(Launch.of("kv_evict__cuda", 256)
                .tensors(op.pages(), op.pageIds(), op.staging())
                .flag(op.direction() == KvEvict.Direction.OUT)
                .grid(Grids.blocks(device, tensors.get(op.pageIds()).capacity(0), 1)));
    }

    static Choice stats(PageStats op, Tensors tensors, DeviceTraits device) {
        long logicalPages =
                tensors.get(op.kv().pageTable()).capacity(1) * op.kv().layout().logicalPagesPerPage();
        long items = logicalPages * op.kv().layout().numHeads();
        return Choice.of(pages("page_stats__cuda", op.kv())
                .tensors(op.fromLengths(), op.kvLengths())
                .ints(Math.toIntExact(logicalPages))
                .grid(
                        Grids.blocks(device, items, WARPS),
                        Math.max(1, tensors.get(op.kvLengths()).capacity(0)),
                        1));
    }

    static Choice score(PageScore op, Tensors tensors, DeviceTraits device) {
        HeadMap heads = op.heads();
        int headsPerList = op.scope() == PageChoice.SelectionScope.QUERY_HEAD ? 1 : heads.groupSize();
        long lists = heads.numServedQoHeads() / headsPerList;
        return Choice.of(Launch.of("page_score__cuda", THREADS)
                .tensors(op.q(), op.kv().pages(), op.kv().pageTable())
                .arg(PageArgs.of(op.kv()))
                .tensors(op.kvLengths(), op.scores())
                .arg(new Arg.IntsArg(heads.kvHeads()))
                .arg(new Arg.IntsArg(heads.kvSlots()))
                .ints(Math.toIntExact(lists), headsPerList, heads.groupSize())
                .grid(
                        Grids.blocks(device, tensors.get(op.scores()).capacity(2), WARPS),
                        Math.max(1, lists),
                        Math.max(1, tensors.get(op.q()).capacity(0))));
    }

    static Choice select(PageSelect op, Tensors tensors, DeviceTraits device) {
        HeadMap heads = op.heads();
        int headsPerList = op.choice().scope() == PageChoice.SelectionScope.QUERY_HEAD ? 1 : heads.groupSize();
        int listsPerKvHead = heads.groupSize() / headsPerList;
        long lists = tensors.get(op.choice().slots()).capacity(0) * heads.numServedKvHeads() * listsPerKvHead;
        return Choice.of(Launch.of("page_select__cuda", 512)
                .tensors(op.scores(), op.kvLengths(), op.choice().slots())
                .tensors(op.choice().counts(), op.choice().pages())
                .arg(new Arg.IntsArg(heads.kvHeads()))
                .ints(heads.numServedKvHeads(), listsPerKvHead, op.budgetPages(), op.sinkPages())
                .ints(op.pageSize(), op.reuseInterval())
                .grid(Grids.blocks(device, lists, 1)));
    }

    static Choice blockSelect(BlockSelect op, Tensors tensors, DeviceTraits device) {
        HeadMap heads = op.heads();
        long maxBlocks = tensors.get(op.blockMass()).capacity(2);
        long blocks =
                Grids.blocksWithScratch(device, tensors.get(op.blockMass()).capacity(0) * heads.numServedQoHeads());
        return Choice.withScratch(
                blocks * 40 * maxBlocks,
                Launch.of("block_select__cuda", 256)
                        .tensors(op.blockMass(), op.thresholds(), op.qOffsets(), op.kvOffsets())
                        .tensors(op.qBlockOffsets(), op.blockCounts(), op.blockIndices())
                        .arg(new Arg.IntsArg(heads.kvHeads()))
                        .ints(heads.numServedKvHeads(), heads.groupSize(), op.blockSize())
                        .flag(op.masking() == Masking.CAUSAL)
                        .flag(op.keepSink())
                        .flag(op.keepDiagonal())
                        .ints(op.group().ordinal(), Math.toIntExact(maxBlocks))
                        .scratch()
                        .grid(blocks));
    }

    private static Launch.Builder pages(String symbol, KvPages kv) {
        return Launch.of(symbol, THREADS).tensors(kv.pages(), kv.pageTable()).arg(PageArgs.of(kv));
    }

    /** Shared memory for one vector per warp. */
    private static long vectorBytes(KvPages kv) {
        return 4L * WARPS * Math.max(kv.layout().headDimQk(), kv.layout().headDimVo());
    }
}
