package dev.filigree.cuda.ops;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.BlockSparseAttention;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.api.op.StreamingAttention;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.tensor.DType;
import dev.filigree.cuda.launch.Arg;
import dev.filigree.cuda.launch.Choice;
import dev.filigree.cuda.launch.DeviceTraits;
import dev.filigree.cuda.launch.Launch;
import dev.filigree.cuda.launch.Struct;
import java.util.List;
import java.util.Optional;

/**
 * Launches of prefill attention on compute capability 9.0 (prefillattention/attention_prefill_sm90a.cu): dense, streaming and
 * block-list heads of 64 or 128 channels in f16 or bf16. Says nothing of any other op, which the general kernels then take.
 */
final class HopperPrefill {
    static final int TILE = 128;

    static final int PARAMS_BYTES = 512;
    static final int ITEM_BYTES = 16;
    static final int QUEUE_BYTES = 256;
    /** Keys and values of neighbouring heads that are worked on together: about what stays in the L2 cache. */
    private static final long SECTION_BYTES = 32L << 20;

    /** What the three ops have in common. */
    private record Heads(
            HeadMap map,
            float scale,
            TensorRef q,
            TensorRef k,
            TensorRef v,
            TensorRef qOffsets,
            TensorRef kvOffsets,
            TensorRef out,
            TensorRef lse) {}

    private HopperPrefill() {}

    static Optional<Choice> dense(DenseAttention op, Tensors tensors, DeviceTraits device) {
        Heads heads = new Heads(
                op.heads(), op.scale(), op.q(), op.k(), op.v(), op.qOffsets(), op.kvOffsets(), op.out(), op.lse());
        return launches(
                heads,
                HeadTables.queryHeads(op.heads(), new HeadPattern.Dense()),
                new Lists(List.of(), 0, op.masking()),
                tensors,
                device);
    }

    static Optional<Choice> streaming(StreamingAttention op, Tensors tensors, DeviceTraits device) {
        if (op.qPositions().isPresent() || op.kvPositions().isPresent()) {
            return Optional.empty();
        }
        Heads heads = new Heads(
                op.heads(), op.scale(), op.q(), op.k(), op.v(), op.qOffsets(), op.kvOffsets(), op.out(), op.lse());
        return launches(
                heads,
                HeadTables.queryHeads(op.heads(), op.pattern()),
                new Lists(List.of(), 0, Masking.CAUSAL),
                tensors,
                device);
    }

    static Optional<Choice> blockSparse(BlockSparseAttention op, Tensors tensors, DeviceTraits device) {
        TensorDecl indices = tensors.get(op.blockIndices());
        if (op.blockSize() != TILE
                || !Operands.isPacked(indices)
                || !Operands.isPacked(tensors.get(op.blockCounts()))) {
            return Optional.empty();
        }
        Heads heads = new Heads(
                op.heads(), op.scale(), op.q(), op.k(), op.v(), op.qOffsets(), op.kvOffsets(), op.out(), op.lse());
        return launches(
                heads,
                HeadTables.listedHeads(op.heads()),
                new Lists(
                        List.of(op.qBlockOffsets(), op.blockCounts(), op.blockIndices()),
                        Math.toIntExact(indices.capacity(2)),
                        op.masking()),
                tensors,
                device);
    }

    /** Block lists, none for the other patterns, and the masking. */
    private record Lists(List<TensorRef> refs, int maxKvBlocks, Masking masking) {}

    private static Optional<Choice> launches(
            Heads heads, List<Integer> table, Lists lists, Tensors tensors, DeviceTraits device) {
        if (!device.isHopper() || table.isEmpty() || !(heads.scale > 0) || !serves(heads, tensors)) {
            return Optional.empty();
        }
        TensorDecl q = tensors.get(heads.q);
        int headDim = Math.toIntExact(q.capacity(2));
        long numSeqs = Math.max(0, tensors.get(heads.qOffsets).capacity(0) - 1);
        long items = heads.map.numServedQoHeads() * (q.capacity(0) / TILE + 2 * numSeqs);
        int headsPerSection = headsPerSection(heads.map, tensors.get(heads.k).capacity(0), headDim);
        Struct params = new Struct()
                .heads(q)
                .heads(tensors.get(heads.k))
                .heads(tensors.get(heads.v))
                .data(heads.out, heads.lse, heads.qOffsets, heads.kvOffsets);
        params = lists.refs.isEmpty() ? params.nulls(3) : params.data(lists.refs.toArray(TensorRef[]::new));
        Arg arg = params.table(table)
                .scratch(QUEUE_BYTES, 0)
                .number(heads.scale)
                .numSeqs(heads.qOffsets)
                .ints(heads.map.numServedQoHeads(), heads.map.numQoHeads(), lists.maxKvBlocks)
                .ints(lists.masking == Masking.CAUSAL ? 1 : 0, headsPerSection)
                .end(PARAMS_BYTES);
        return Optional.of(new Choice.Chosen(
                kernel(q.dtype(), headDim, !lists.refs.isEmpty()),
                QUEUE_BYTES + ITEM_BYTES * items,
                launches(arg, heads.map, q.dtype(), headDim, !lists.refs.isEmpty(), headsPerSection, device)));
    }

    static String kernel(DType dtype, int headDim, boolean listed) {
        String name = dtype.id();
        return "attention_prefill__q_" + name + "_kv_" + name + "_o_" + name + "__hd" + headDim + "_bq128_bk128"
                + (listed ? "__short" : "") + "__sm90a";
    }

    /** The order of the work, then the work. */
    static List<Launch> launches(
            Arg params,
            HeadMap heads,
            DType dtype,
            int headDim,
            boolean listed,
            int headsPerSection,
            DeviceTraits device) {
        Launch schedule = Launch.of("attention_prefill_schedule__bq128", 1024)
                .arg(params)
                .grid(Math.ceilDiv(heads.numServedQoHeads(), headsPerSection));
        Launch attend = Launch.of(kernel(dtype, headDim, listed), 384)
                .shared(1024 + (listed ? 6L : 5L) * TILE * headDim * 2 + 512)
                .arg(params)
                .grid(device.numSms());
        return List.of(schedule, attend);
    }

    static int headsPerSection(HeadMap heads, long maxKeys, int headDim) {
        long perHead = Math.max(1, maxKeys * headDim * 4);
        long sections = Math.max(1, SECTION_BYTES / perHead) * heads.groupSize();
        return Math.toIntExact(Math.min(heads.numServedQoHeads(), sections));
    }

    private static boolean serves(Heads heads, Tensors tensors) {
        TensorDecl q = tensors.get(heads.q);
        long headDim = q.capacity(2);
        List<TensorDecl> rows = List.of(q, tensors.get(heads.k), tensors.get(heads.v), tensors.get(heads.out));
        return (headDim == 64 || headDim == 128)
                && Operands.is16Bit(q.dtype())
                && rows.stream()
                        .allMatch(t -> t.dtype() == q.dtype() && t.capacity(2) == headDim && Operands.isPacked(t))
                && Operands.isPacked(tensors.get(heads.lse));
    }
}
