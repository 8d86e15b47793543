package dev.filigree.cuda.ops;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.op.PageChoice;
import dev.filigree.api.op.PagedAttention;
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
 * Launches of decode on compute capability 9.0 (pagedattention/paged_decode*.cu): one query per sequence over 16-bit or INT4
 * pages, dense, streaming or over chosen pages. Says nothing of any other op, which the general kernels then take.
 */
final class HopperDecode {
    private static final int RUN = 16;
    private static final int MOST_PAGES_PER_SPLIT = 512;
    private static final int BLOCKS_PER_SM = 4;
    private static final int PARAMS_BYTES = 208;

    private HopperDecode() {}

    static Optional<Choice> decode(PagedAttention op, Tensors tensors, DeviceTraits device) {
        int headsPerReader = headsPerReader(op);
        if (!device.isHopper() || !serves(op, tensors, headsPerReader)) {
            return Optional.empty();
        }
        KvPageLayout layout = op.kv().layout();
        TensorDecl q = tensors.get(op.q());
        HeadMap heads = op.heads();
        int readers = heads.numServedQoHeads() / headsPerReader;
        long numSeqs = tensors.get(op.kvLengths()).capacity(0);
        long pages = Math.max(1, mostPages(op, tensors));
        long wanted = Math.ceilDiv((long) BLOCKS_PER_SM * device.numSms(), Math.max(1, numSeqs * readers));
        long pagesPerSplit = Math.min(MOST_PAGES_PER_SPLIT, Math.ceilDiv(pages, Math.max(1, wanted)));
        int splits = Math.toIntExact(Math.ceilDiv(pages, pagesPerSplit));
        long rows = q.capacity(0) * heads.numQoHeads() * splits;
        long partialOut = 4 * rows;
        long scratch = partialOut + 4 * rows * layout.headDimVo();
        Arg params = params(op, tensors, headsPerReader)
                .scratch(partialOut, 0)
                .longs(layout.pageBytes(), layout.vDataOffset())
                .number(op.scale())
                .numSeqs(op.qOffsets())
                .ints(readers, headsPerReader, heads.numQoHeads())
                .ints(Math.toIntExact(tensors.get(op.kv().pageTable()).capacity(1)), layout.pageSize())
                .ints(splits, Math.toIntExact(pagesPerSplit))
                .ints(chosen(op, tensors, 2), chosen(op, tensors, 1))
                .ints(ring(op, true), ring(op, false), 0)
                .longs(layout.kScaleOffset(), layout.kZeroOffset(), layout.vScaleOffset(), layout.vZeroOffset())
                .data(op.qOffsets())
                .end(PARAMS_BYTES);
        String dtype = q.dtype() == DType.BF16 ? "bf16" : "f16";
        boolean int4 = layout.k() == KvPrecision.INT4;
        String hd = "__hd" + layout.headDimQk();
        Launch attend = Launch.of(
                        "paged_decode__q_" + dtype + "_kv_" + (int4 ? "int4" : dtype) + "_o_" + dtype + hd, 128)
                .shared(sharedBytes(layout, int4, pagesPerSplit))
                .arg(params)
                .grid(splits, readers, Math.max(1, numSeqs));
        Launch merge = Launch.of("paged_decode_merge__q_" + dtype + "_kv_" + dtype + "_o_" + dtype + hd, 128)
                .arg(params)
                .grid(Math.max(1, Math.ceilDiv(q.capacity(0) * readers * headsPerReader, 4)));
        return Optional.of(new Choice.Chosen(attend.symbol(), scratch, List.of(attend, merge)));
    }

    private static Struct params(PagedAttention op, Tensors tensors, int headsPerReader) {
        Struct params = new Struct()
                .data(op.kv().pages(), op.kv().pageTable(), op.q(), op.kvLengths())
                .table(HeadTables.readers(
                        op.heads(), op.pattern(), headsPerReader, op.choice().isPresent()));
        return op.choice()
                .map(c -> params.data(c.counts(), c.pages(), c.slots()))
                .orElseGet(() -> params.nulls(3))
                .data(op.out(), op.lse());
    }

    /** Rings of copies, or the states of four warps that later take their place, and two numbers per page. */
    private static long sharedBytes(KvPageLayout layout, boolean int4, long pagesPerSplit) {
        long headDim = layout.headDimQk();
        long rings = int4 ? 4 * 6 * 2176L : 4 * 3 * 2L * RUN * headDim * 2;
        return Math.max(rings + 8 * pagesPerSplit, 4 * RUN * headDim * 4 + 512);
    }

    private static int chosen(PagedAttention op, Tensors tensors, int axis) {
        return op.choice()
                .map(c -> Math.toIntExact(tensors.get(c.pages()).capacity(axis)))
                .orElse(0);
    }

    private static int ring(PagedAttention op, boolean sink) {
        return op.kv().addressing() instanceof KvAddressing.Ring ring ? sink ? ring.sinkPages() : ring.ringPages() : 0;
    }

    private static long mostPages(PagedAttention op, Tensors tensors) {
        long resident = tensors.get(op.kv().pageTable()).capacity(1);
        return op.choice().isPresent() ? Math.min(resident, chosen(op, tensors, 2)) : resident;
    }

    /** Query heads that read the same pages. */
    private static int headsPerReader(PagedAttention op) {
        boolean alone = op.choice()
                .filter(c -> c.scope() == PageChoice.SelectionScope.QUERY_HEAD)
                .isPresent();
        return alone ? 1 : op.heads().groupSize();
    }

    private static boolean serves(PagedAttention op, Tensors tensors, int headsPerReader) {
        TensorDecl q = tensors.get(op.q());
        KvPageLayout layout = op.kv().layout();
        long headDim = layout.headDimQk();
        if (layout.headDimVo() != headDim
                || layout.pageSize() % RUN != 0
                || headsPerReader > RUN
                || op.heads().numServedQoHeads() == 0
                || q.capacity(0) > tensors.get(op.kvLengths()).capacity(0)
                || !(op.scale() > 0)) {
            return false;
        }
        List<TensorRef> packed = op.choice().isPresent()
                ? List.of(
                        op.q(),
                        op.out(),
                        op.lse(),
                        op.kv().pageTable(),
                        op.kv().pages(),
                        op.choice().get().counts(),
                        op.choice().get().pages())
                : List.of(
                        op.q(), op.out(), op.lse(), op.kv().pageTable(), op.kv().pages());
        boolean sixteen = (q.dtype() == DType.BF16 || q.dtype() == DType.F16)
                && tensors.get(op.out()).dtype() == q.dtype()
                && packed.stream().allMatch(ref -> HopperPrefill.isPacked(tensors.get(ref)));
        boolean plain = layout.k().storage() == q.dtype() && layout.v().storage() == q.dtype();
        boolean int4 = layout.k() == KvPrecision.INT4 && layout.v() == KvPrecision.INT4 && headDim == 128;
        return sixteen && (plain && (headDim == 64 || headDim == 128) || int4);
    }
}
