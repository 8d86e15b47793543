package dev.filigree.cuda.ops;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.op.PageChoice;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cuda.launch.Arg;
import dev.filigree.cuda.launch.Choice;
import dev.filigree.cuda.launch.DeviceTraits;
import dev.filigree.cuda.launch.Launch;
import dev.filigree.cuda.launch.Struct;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Launches of decode on compute capability 9.0 (pagedattention/paged_decode*.cu): one query per sequence over pages of a {@link DecodeKernel},
 * dense, streaming or over chosen pages. Says nothing of any other op, which the general kernels then take.
 */
final class HopperDecode {
    private static final int MOST_PAGES_PER_SPLIT = 512;
    private static final int MOST_WAVES = 4;
    /** What a block takes to start and to end, in pages. */
    private static final int START_PAGES = 3;

    private static final int PARAMS_BYTES = 208;

    private HopperDecode() {}

    static Optional<Choice> decode(PagedAttention op, Tensors tensors, DeviceTraits device) {
        if (!device.isHopper() || !serves(op, tensors)) {
            return Optional.empty();
        }
        int headsPerList = op.choice()
                .filter(c -> c.scope() == PageChoice.SelectionScope.QUERY_HEAD)
                .map(c -> 1)
                .orElseGet(() -> op.heads().groupSize());
        return DecodeKernel.of(tensors.get(op.q()).dtype(), op.kv().layout(), headsPerList)
                .map(kernel -> launches(kernel, op, tensors, headsPerList, device));
    }

    private static Choice launches(
            DecodeKernel kernel, PagedAttention op, Tensors tensors, int headsPerList, DeviceTraits device) {
        KvPageLayout layout = op.kv().layout();
        TensorDecl q = tensors.get(op.q());
        HeadMap heads = op.heads();
        int readers = heads.numServedQoHeads() / kernel.headsPerReader();
        long numSeqs = tensors.get(op.kvLengths()).capacity(0);
        long pages = Math.max(1, mostPages(op, tensors));
        long pagesPerSplit =
                pagesPerSplit(pages, Math.max(1, numSeqs * readers), (long) kernel.blocksPerSm() * device.numSms());
        int splits = Math.toIntExact(Math.ceilDiv(pages, pagesPerSplit));
        long rows = q.capacity(0) * heads.numQoHeads() * splits;
        long partialOut = 4 * rows;
        long scratch = partialOut + 4 * rows * layout.headDimVo();
        Arg params = params(op, tensors, kernel.headsPerReader(), headsPerList)
                .scratch(partialOut, 0)
                .longs(layout.pageBytes(), layout.vDataOffset())
                .number(op.scale())
                .numSeqs(op.qOffsets())
                .ints(readers, kernel.headsPerReader(), heads.numQoHeads())
                .ints(Math.toIntExact(tensors.get(op.kv().pageTable()).capacity(1)), layout.pageSize())
                .ints(splits, Math.toIntExact(pagesPerSplit))
                .ints(chosen(op, tensors, 2), chosen(op, tensors, 1))
                .ints(ring(op, true), ring(op, false), 0)
                .longs(layout.kScaleOffset(), layout.kZeroOffset(), layout.vScaleOffset(), layout.vZeroOffset())
                .data(op.qOffsets())
                .end(PARAMS_BYTES);
        Launch attend = Launch.of(kernel.symbol(), 128)
                .shared(kernel.sharedBytes(layout.headDimQk(), pagesPerSplit))
                .arg(params)
                .grid(splits, readers, Math.max(1, numSeqs));
        Launch merge =
                Launch.of(kernel.merge(), 128).arg(params).grid(Math.max(1, q.capacity(0) * heads.numServedQoHeads()));
        return new Choice.Chosen(attend.symbol(), scratch, List.of(attend, merge));
    }

    /**
     * The split whose last wave ends first: blocks run in waves, each as long as a split and what a block takes to start.
     *
     * @param pages of the longest context
     * @param readers of all sequences, each a block per split
     * @param slots blocks that run at once
     */
    static long pagesPerSplit(long pages, long readers, long slots) {
        long most = Math.min(pages, Math.max(1, Math.ceilDiv(MOST_WAVES * slots, readers)));
        long best = 0;
        long least = Long.MAX_VALUE;
        for (long splits = Math.ceilDiv(pages, MOST_PAGES_PER_SPLIT); splits <= most || best == 0; splits++) {
            long share = Math.ceilDiv(pages, splits);
            long time = Math.ceilDiv(readers * splits, slots) * (share + START_PAGES);
            if (time < least) {
                least = time;
                best = share;
            }
        }
        return best;
    }

    private static Struct params(PagedAttention op, Tensors tensors, int headsPerReader, int headsPerList) {
        Struct params = new Struct()
                .data(op.kv().pages(), op.kv().pageTable(), op.q(), op.kvLengths())
                .table(HeadTables.readers(
                        op.heads(), op.pattern(), headsPerReader, op.choice().isPresent() ? headsPerList : 0));
        return op.choice()
                .map(c -> params.data(c.counts(), c.pages(), c.slots()))
                .orElseGet(() -> params.nulls(3))
                .data(op.out(), op.lse());
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

    private static boolean serves(PagedAttention op, Tensors tensors) {
        TensorDecl q = tensors.get(op.q());
        Stream<TensorRef> packed = Stream.of(
                op.q(), op.out(), op.lse(), op.kv().pageTable(), op.kv().pages());
        Stream<TensorRef> lists = op.choice().stream().flatMap(c -> Stream.of(c.counts(), c.pages()));
        return op.heads().numServedQoHeads() > 0
                && q.capacity(0) <= tensors.get(op.kvLengths()).capacity(0)
                && op.scale() > 0
                && tensors.get(op.out()).dtype() == q.dtype()
                && Stream.concat(packed, lists).allMatch(ref -> Operands.isPacked(tensors.get(ref)));
    }
}
