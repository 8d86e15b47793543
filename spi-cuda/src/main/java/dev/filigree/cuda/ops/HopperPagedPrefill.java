package dev.filigree.cuda.ops;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.WorkspaceLayout;
import dev.filigree.api.tensor.DType;
import dev.filigree.cuda.launch.Arg;
import dev.filigree.cuda.launch.Choice;
import dev.filigree.cuda.launch.DeviceTraits;
import dev.filigree.cuda.launch.Launch;
import dev.filigree.cuda.launch.Struct;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Launches of chunked prefill over cache pages on compute capability 9.0: keys and values are gathered into rows
 * (pagedattention/paged_gather_sm90a.cu), then {@link HopperPrefill}'s kernels run on them. Says nothing of any other op, which the
 * general kernels then take; quantized pages are among those, because rounding what they hold to 16 bits costs more than R401 allows.
 */
final class HopperPagedPrefill {
    private static final int GATHER_BYTES = 88;
    /** Most scratch that gathered rows may take; a larger batch of contexts stays on the general kernels. */
    private static final long MOST_SCRATCH = 4L << 30;

    private HopperPagedPrefill() {}

    static Optional<Choice> prefill(PagedAttention op, Tensors tensors, DeviceTraits device) {
        KvPageLayout layout = op.kv().layout();
        TensorDecl q = tensors.get(op.q());
        HeadMap heads = op.heads();
        long numSeqs = tensors.get(op.kvLengths()).capacity(0);
        long columns = tensors.get(op.kv().pageTable()).capacity(1);
        long numKvTokens = numSeqs * columns * layout.pageSize();
        int headDim = layout.headDimQk();
        long rowBytes = WorkspaceLayout.align(2L * numKvTokens * layout.numHeads() * headDim);
        long items = WorkspaceLayout.align(HopperPrefill.QUEUE_BYTES + 4 * (numSeqs + 1));
        long k = WorkspaceLayout.align(items
                + HopperPrefill.ITEM_BYTES
                        * heads.numServedQoHeads()
                        * (q.capacity(0) / HopperPrefill.TILE + 2 * numSeqs));
        long scratch = k + 2 * rowBytes;
        if (!device.isHopper() || !serves(op, tensors) || scratch > MOST_SCRATCH) {
            return Optional.empty();
        }
        boolean bf16 = q.dtype() == DType.BF16;
        int headsPerSection = HopperPrefill.headsPerSection(heads, columns * layout.pageSize(), headDim);
        Arg params = new Struct()
                .heads(q)
                .heads(k, bf16, numKvTokens, layout.numHeads(), headDim)
                .heads(k + rowBytes, bf16, numKvTokens, layout.numHeads(), headDim)
                .data(op.out(), op.lse(), op.qOffsets())
                .scratch(HopperPrefill.QUEUE_BYTES)
                .nulls(3)
                .table(HeadTables.queryHeads(heads, op.pattern()))
                .scratch(items, 0)
                .number(op.scale())
                .numSeqs(op.qOffsets())
                .ints(heads.numServedQoHeads(), heads.numQoHeads(), 0, 1, headsPerSection)
                .end(HopperPrefill.PARAMS_BYTES);
        List<Launch> launches = new ArrayList<>();
        launches.add(Launch.of("paged_gather__b16", 256)
                .arg(gather(op, tensors, k, rowBytes))
                .grid(Math.max(1, columns), Math.max(1, numSeqs), 1));
        launches.addAll(HopperPrefill.launches(params, heads, q.dtype(), headDim, false, headsPerSection, device));
        return Optional.of(new Choice.Chosen(HopperPrefill.kernel(q.dtype(), headDim, false), scratch, launches));
    }

    private static Arg gather(PagedAttention op, Tensors tensors, long k, long rowBytes) {
        KvPageLayout layout = op.kv().layout();
        return new Struct()
                .data(op.kv().pages(), op.kv().pageTable(), op.kvLengths())
                .scratch(HopperPrefill.QUEUE_BYTES, k, k + rowBytes)
                .longs(layout.pageBytes(), layout.vDataOffset())
                .numSeqs(op.qOffsets())
                .ints(Math.toIntExact(tensors.get(op.kv().pageTable()).capacity(1)), layout.pageSize())
                .ints(layout.numHeads(), layout.headDimQk())
                .end(GATHER_BYTES);
    }

    private static boolean serves(PagedAttention op, Tensors tensors) {
        TensorDecl q = tensors.get(op.q());
        KvPageLayout layout = op.kv().layout();
        int headDim = layout.headDimQk();
        boolean plain = layout.k().storage() == q.dtype() && layout.v().storage() == q.dtype();
        return op.choice().isEmpty()
                && op.kv().addressing() instanceof KvAddressing.Linear
                && (headDim == 64 || headDim == 128)
                && layout.headDimVo() == headDim
                && Operands.is16Bit(q.dtype())
                && tensors.get(op.out()).dtype() == q.dtype()
                && plain
                && op.heads().numServedQoHeads() > 0
                && op.scale() > 0
                && Operands.arePacked(
                        tensors,
                        op.q(),
                        op.out(),
                        op.lse(),
                        op.kv().pages(),
                        op.kv().pageTable());
    }
}
