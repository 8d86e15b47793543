package dev.filigree.cuda.ops;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.AntidiagonalScore;
import dev.filigree.api.op.BlockSparseAttention;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.api.op.MergeStates;
import dev.filigree.api.op.PageChoice;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.op.StreamingAttention;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cuda.launch.Arg;
import dev.filigree.cuda.launch.Choice;
import dev.filigree.cuda.launch.DeviceTraits;
import dev.filigree.cuda.launch.Grids;
import dev.filigree.cuda.launch.Launch;

/** Launches of the attention ops on their general kernels. */
final class AttentionOps {
    private static final int TILE_ROWS = 16;
    private static final int THREADS = 128;

    private AttentionOps() {}

    static Choice dense(DenseAttention op, Tensors tensors, DeviceTraits device) {
        return Choice.of(heads(
                        Launch.of("dense_attention__cuda", THREADS)
                                .tensors(op.q(), op.k(), op.v(), op.qOffsets(), op.kvOffsets(), op.out(), op.lse()),
                        op.heads())
                .number(op.scale())
                .flag(op.masking() == Masking.CAUSAL)
                .grid(tileBlocks(device, tensors.get(op.q()), tensors.get(op.qOffsets()), op.heads())));
    }

    static Choice streaming(StreamingAttention op, Tensors tensors, DeviceTraits device) {
        return Choice.of(heads(
                        Launch.of("streaming_attention__cuda", THREADS)
                                .tensors(op.q(), op.k(), op.v(), op.qOffsets(), op.kvOffsets())
                                .tensor(op.qPositions())
                                .tensor(op.kvPositions())
                                .tensors(op.out(), op.lse()),
                        op.heads())
                .number(op.scale())
                .ints(op.pattern().sink(), op.pattern().recent())
                .grid(tileBlocks(device, tensors.get(op.q()), tensors.get(op.qOffsets()), op.heads())));
    }

    static Choice blockSparse(BlockSparseAttention op, Tensors tensors, DeviceTraits device) {
        long rows = tensors.get(op.blockCounts()).capacity(0);
        long tiles = rows * Math.ceilDiv(op.blockSize(), TILE_ROWS) * op.heads().numServedQoHeads();
        return Choice.of(heads(
                        Launch.of("block_sparse_attention__cuda", THREADS)
                                .tensors(op.q(), op.k(), op.v(), op.qOffsets(), op.kvOffsets(), op.qBlockOffsets())
                                .tensors(op.blockCounts(), op.blockIndices(), op.out(), op.lse()),
                        op.heads())
                .number(op.scale())
                .flag(op.masking() == Masking.CAUSAL)
                .ints(op.blockSize())
                .grid(Grids.blocks(device, tiles, 1)));
    }

    static Choice paged(PagedAttention op, Tensors tensors, DeviceTraits device) {
        HeadMap heads = op.heads();
        boolean perHead = op.choice()
                .filter(c -> c.scope() == PageChoice.SelectionScope.QUERY_HEAD)
                .isPresent();
        int headsPerList = perHead ? 1 : heads.groupSize();
        long numTokens = tensors.get(op.q()).capacity(0);
        long tiles = tiles(tensors.get(op.q()), tensors.get(op.qOffsets()), headsPerList)
                * heads.numServedQoHeads()
                / headsPerList;
        int splits = Grids.splits(device, tiles, maxKeys(op, tensors));
        long numRows = numTokens * heads.numQoHeads();
        HeadPattern.Streaming window =
                op.pattern() instanceof HeadPattern.Streaming s ? s : new HeadPattern.Streaming(0, 1);
        boolean streams = op.pattern() instanceof HeadPattern.Streaming;
        Launch attend = heads(
                        Launch.of("paged_attention__cuda", THREADS)
                                .tensors(op.q(), op.kv().pages(), op.kv().pageTable())
                                .arg(PageArgs.of(op.kv()))
                                .tensors(op.qOffsets(), op.kvLengths(), op.out(), op.lse()),
                        heads)
                .number(op.scale())
                .ints(streams ? window.sink() : 0, streams ? window.recent() : 0)
                .tensor(op.choice().map(PageChoice::counts))
                .tensor(op.choice().map(PageChoice::pages))
                .tensor(op.choice().map(PageChoice::slots))
                .ints(headsPerList)
                .arg(splits == 1 ? new Arg.NullArg() : new Arg.ScratchArg())
                .ints(splits, Math.toIntExact(numRows))
                .grid(Grids.blocks(device, tiles * splits, 1));
        if (splits == 1) {
            return Choice.of(attend);
        }
        Launch merge = Launch.of("paged_attention__merge__cuda", THREADS)
                .tensors(op.qOffsets(), op.out(), op.lse())
                .arg(new Arg.IntsArg(heads.kvHeads()))
                .ints(heads.numServedKvHeads(), heads.groupSize())
                .scratch()
                .ints(splits, Math.toIntExact(numRows))
                .grid(Grids.blocks(device, numTokens * heads.numServedQoHeads(), 4));
        return Choice.withScratch(4 * splits * numRows * (tensors.get(op.out()).capacity(2) + 1), attend, merge);
    }

    static Choice merge(MergeStates op, Tensors tensors, DeviceTraits device) {
        TensorDecl out = tensors.get(op.out());
        return Choice.of(Launch.of("merge_states__cuda", THREADS)
                .arg(new Arg.TableArg())
                .arg(new Arg.TensorsArg(op.outs()))
                .arg(new Arg.TensorsArg(op.lses()))
                .ints(op.outs().size())
                .tensors(op.out(), op.lse())
                .grid(Grids.blocks(device, out.capacity(0) * out.capacity(1), 4)));
    }

    static Choice antidiagonal(AntidiagonalScore op, Tensors tensors, DeviceTraits device) {
        long items = tensors.get(op.blockMass()).capacity(0) * op.heads().numServedQoHeads();
        return Choice.of(heads(
                        Launch.of("antidiagonal_score__cuda", THREADS)
                                .tensors(op.q(), op.k(), op.qOffsets(), op.kvOffsets())
                                .tensors(op.qBlockOffsets(), op.blockMass()),
                        op.heads())
                .number((float) (op.scale() / ((double) op.stride() * op.norm())))
                .flag(op.masking() == Masking.CAUSAL)
                .ints(op.blockSize(), op.stride())
                .flag(op.residues() == AntidiagonalScore.Residues.ALTERNATING)
                .grid(Grids.blocks(device, items, 1)));
    }

    /** Heads, slots, their number and the group size. */
    static Launch.Builder heads(Launch.Builder launch, HeadMap heads) {
        return launch.arg(new Arg.IntsArg(heads.kvHeads()))
                .arg(new Arg.IntsArg(heads.kvSlots()))
                .ints(heads.numServedKvHeads(), heads.groupSize());
    }

    private static long maxKeys(PagedAttention op, Tensors tensors) {
        long pageSize = op.kv().layout().pageSize();
        long resident = tensors.get(op.kv().pageTable()).capacity(1) * pageSize;
        long listed = op.choice()
                .map(c -> tensors.get(c.pages()).capacity(2) * pageSize)
                .orElse(Long.MAX_VALUE);
        return Math.min(resident, listed);
    }

    private static long tileBlocks(DeviceTraits device, TensorDecl q, TensorDecl qOffsets, HeadMap heads) {
        return Grids.blocks(device, tiles(q, qOffsets, heads.groupSize()) * heads.numServedKvHeads(), 1);
    }

    /** Most tiles of 16 rows that a ragged batch can have: each sequence may end inside of one. */
    private static long tiles(TensorDecl q, TensorDecl qOffsets, int headsPerRow) {
        long numSeqs = Math.max(1, qOffsets.capacity(0) - 1);
        long rows = q.capacity(0) * headsPerRow;
        return Math.max(1, Math.min(rows, rows / TILE_ROWS + numSeqs));
    }
}
