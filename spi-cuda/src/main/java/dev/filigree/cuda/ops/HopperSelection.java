package dev.filigree.cuda.ops;

import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.AntidiagonalScore;
import dev.filigree.api.op.BlockSelect;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.WorkspaceLayout;
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
 * Launches of XAttention's estimate and selection on compute capability 9.0: stripes packed as rows, their scores as one product
 * (antidiagonalscore/), and a selection without a sort (blockselect/). Says nothing of any other op, which the general kernels
 * then take.
 */
final class HopperSelection {
    private static final int BLOCK = 128;
    private static final int ROWS = 128;
    private static final int KEYS = 256;
    private static final int SCORE_BYTES = 448;
    private static final int SELECT_BYTES = 104;
    private static final int QUEUE_BYTES = 256;

    private HopperSelection() {}

    static Optional<Choice> score(AntidiagonalScore op, Tensors tensors, DeviceTraits device) {
        TensorDecl q = tensors.get(op.q());
        TensorDecl k = tensors.get(op.k());
        if (!device.isHopper() || !serves(op, q, k, tensors.get(op.blockMass()))) {
            return Optional.empty();
        }
        int stripes = BLOCK / op.stride();
        long width = op.stride() * q.capacity(2);
        long numSeqs = Math.max(0, tensors.get(op.qOffsets()).capacity(0) - 1);
        long numQRows = tensors.get(op.blockMass()).capacity(0) * stripes;
        long numKvRows = k.capacity(0) / op.stride() + numSeqs;
        long keyTiles = Math.max(1, Math.ceilDiv(k.capacity(0), (long) op.stride() * KEYS));
        int numHeads = op.heads().numServedQoHeads();
        long packedK = QUEUE_BYTES;
        long packedQ = WorkspaceLayout.align(packedK + 2 * width * k.capacity(1) * numKvRows);
        long partial = WorkspaceLayout.align(packedQ + 2 * width * numHeads * numQRows);
        long tileMax = partial + 4L * device.numSms() * keyTiles * ROWS * (KEYS / stripes);
        long scratch = tileMax + 4L * device.numSms() * keyTiles * ROWS;
        boolean bf16 = q.dtype() == DType.BF16;
        Field.Amount qRows = new Field.Amount.Extent(op.blockMass(), 0, 1, 0, stripes, 0);
        Field.Amount kvRows = new Field.Amount.Extent(op.k(), 0, op.stride(), numSeqs, 1, 0);
        Arg params = new Struct()
                .rows(packedQ, bf16, width, times(qRows, numHeads), ROWS)
                .rows(packedK, bf16, width, times(kvRows, k.capacity(1)), KEYS)
                .data(op.q(), op.k())
                .scratch(packedQ, packedK)
                .data(op.blockMass(), op.qOffsets(), op.kvOffsets(), op.qBlockOffsets())
                .table(HeadTables.listedHeads(op.heads()))
                .scratch(partial, tileMax, 0)
                .number((float) (op.scale() / ((double) op.stride() * op.norm())))
                .numSeqs(op.qOffsets())
                .ints(numHeads, op.heads().numQoHeads(), Math.toIntExact(k.capacity(1)))
                .amount(qRows)
                .amount(kvRows)
                .ints(Math.toIntExact(tensors.get(op.blockMass()).capacity(2)), Math.toIntExact(keyTiles))
                .ints(op.masking() == Masking.CAUSAL ? 1 : 0, op.stride(), Math.toIntExact(q.capacity(2)))
                .ints(op.residues() == AntidiagonalScore.Residues.ALTERNATING ? 1 : 0)
                .end(SCORE_BYTES);
        Launch pack = Launch.of("antidiagonal_pack__b16", 256)
                .arg(params)
                .grid(Math.max(1, numHeads * numQRows + k.capacity(1) * numKvRows));
        String dtype = q.dtype().id();
        Launch score = Launch.of(
                        "antidiagonal_score__q_" + dtype + "_k_" + dtype + "__bq128_bk256__stride" + op.stride()
                                + "__sm90a",
                        384)
                .shared(1024 + 4 * (48 << 10) + 2048)
                .arg(params)
                .grid(device.numSms());
        return Optional.of(new Choice.Chosen(score.symbol(), scratch, List.of(pack, score)));
    }

    static Optional<Choice> select(BlockSelect op, Tensors tensors, DeviceTraits device) {
        TensorDecl mass = tensors.get(op.blockMass());
        long shared = (mass.capacity(2) * 5 + 15) / 16 * 16;
        List<TensorDecl> packed = List.of(
                mass, tensors.get(op.thresholds()), tensors.get(op.blockCounts()), tensors.get(op.blockIndices()));
        if (!device.isHopper()
                || op.heads().numServedQoHeads() == 0
                || shared > device.sharedBytesPerBlock() - 1024
                || !packed.stream().allMatch(Operands::isPacked)) {
            return Optional.empty();
        }
        boolean alone = op.group() == BlockSelect.GroupMode.QUERY_HEAD;
        long choices = alone ? op.heads().numServedQoHeads() : op.heads().numServedKvHeads();
        Arg params = new Struct()
                .data(op.blockMass(), op.thresholds(), op.qOffsets(), op.kvOffsets(), op.qBlockOffsets())
                .data(op.blockCounts(), op.blockIndices())
                .table(HeadTables.listedHeads(op.heads()))
                .numSeqs(op.qOffsets())
                .ints(op.heads().numServedQoHeads(), op.heads().numQoHeads(), Math.toIntExact(mass.capacity(2)))
                .ints(op.blockSize(), op.masking() == Masking.CAUSAL ? 1 : 0)
                .ints(op.keepSink() ? 1 : 0, op.keepDiagonal() ? 1 : 0)
                .ints(op.heads().groupSize(), op.group().ordinal())
                .end(SELECT_BYTES);
        return Optional.of(Choice.of(Launch.of("block_select_rows__mass_f32", 128)
                .shared(Math.max(16, shared))
                .arg(params)
                .grid(Math.max(1, mass.capacity(0) * choices))));
    }

    private static boolean serves(AntidiagonalScore op, TensorDecl q, TensorDecl k, TensorDecl mass) {
        long headDim = q.capacity(2);
        return op.blockSize() == BLOCK
                && (op.stride() == 4 || op.stride() == 8 || op.stride() == 16)
                && (headDim == 64 || headDim == 128)
                && Operands.is16Bit(q.dtype())
                && k.dtype() == q.dtype()
                && op.scale() / op.norm() > 0
                && op.heads().numServedQoHeads() > 0
                && Operands.isPacked(q)
                && Operands.isPacked(k)
                && Operands.isPacked(mass);
    }

    private static Field.Amount times(Field.Amount rows, long factor) {
        return rows instanceof Field.Amount.Extent e
                ? new Field.Amount.Extent(e.ref(), e.axis(), e.dividedBy(), e.plus(), e.times() * factor, 1)
                : rows;
    }
}
