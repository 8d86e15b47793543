package dev.filigree.cpu.vector.attention;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.filigree.api.host.HostTensor;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.PagePool;
import dev.filigree.cpu.vector.convert.Narrow;
import dev.filigree.cpu.vector.convert.Widen;
import dev.filigree.cpu.vector.elementwise.Exp2;
import dev.filigree.cpu.vector.elementwise.Scale;
import dev.filigree.cpu.vector.lanes.Memory;
import dev.filigree.cpu.vector.parallel.WorkerPool;
import org.jspecify.annotations.Nullable;

/**
 * Attention of few queries per sequence over cache pages, the keys of a query split between workers (Flash-Decoding). The
 * query heads of a KV head share one reading of its pages.
 *
 * <p>Pages are grouped by a fixed number of tokens, each group makes a state of its own, and states are folded in order.
 * That holds whether one worker does all groups of a query or several share them, so a result depends neither on the
 * number of workers nor on what else is in the batch.
 */
public final class PagedDecode {
    private static final int TOKENS_PER_SPLIT = 1024;

    /** With at least this many queries per worker, workers take whole queries. */
    private static final int UNITS_PER_WORKER = 4;

    private final AttentionShape shape;
    private final PagePool pool;
    private final WorkerPool workers;
    private final PageVisits[] visits;
    private final DecodeState state;
    private final DecodeTile tile;
    private final int headsPerUnit;
    private final int unitsPerToken;
    private final int visitsPerSplit;
    private final int maxSplits;
    private final int[] sequences;
    private final int[] splitUnits;
    private final int[] firstSplits;
    private final WorkerPool.Body wholeTask = this::whole;
    private final WorkerPool.Body splitTask = this::split;
    private final WorkerPool.Body foldTask = this::fold;
    private @Nullable Tensors tensors;
    private int numTokens;
    private long work;

    /**
     * What a run reads and writes; pointed before it.
     *
     * @param q {@code [numTokens, numQoHeads, headDimQk]}
     * @param qOffsets {@code [numSeqs + 1]} i32
     * @param kvLengths {@code [numSeqs]} i32
     * @param slots {@code [numSeqs]} i32 rows of the lists; null without chosen pages
     * @param out {@code [numTokens, numQoHeads, headDimVo]}
     * @param lse {@code [numTokens, numQoHeads]} f32
     */
    public record Tensors(
            FloatTensor q,
            HostTensor qOffsets,
            HostTensor kvLengths,
            @Nullable HostTensor slots,
            FloatTensor out,
            FloatTensor lse) {}

    /**
     * How big a step can be.
     *
     * @param maxTokens most query tokens
     * @param maxVisits most pages that one query reads
     * @param listPerHead whether each query head has pages of its own choice, so that a group shares no reading
     */
    public record Limits(int maxTokens, int maxVisits, boolean listPerHead) {}

    /**
     * Prepares a step.
     *
     * @param shape heads, widths and scale
     * @param pool the pages
     * @param visits which pages a query reads, one object a worker
     * @param limits of any run
     * @param workers who compute
     */
    public PagedDecode(AttentionShape shape, PagePool pool, PageVisits[] visits, Limits limits, WorkerPool workers) {
        this.shape = shape;
        this.pool = pool;
        this.visits = visits;
        this.workers = workers;
        headsPerUnit = limits.listPerHead() ? 1 : shape.groupSize();
        unitsPerToken = shape.kvHeads().length * shape.groupSize() / headsPerUnit;
        state = new DecodeState(headsPerUnit, shape.headDimVo());
        tile = new DecodeTile(pool.layout(), state);
        visitsPerSplit = visitsPerSplit(pool.layout());
        maxSplits = maxSplits(pool.layout(), limits);
        sequences = new int[limits.maxTokens()];
        int sharedUnits = UNITS_PER_WORKER * workers.numWorkers();
        splitUnits = new int[Math.multiplyExact(sharedUnits, maxSplits)];
        firstSplits = new int[sharedUnits + 1];
    }

    /** Returns the exact size of the workspace of a step, bytes. */
    public static long workspaceBytes(AttentionShape shape, KvPageLayout layout, Limits limits, int numWorkers) {
        int heads = limits.listPerHead() ? 1 : shape.groupSize();
        DecodeState state = new DecodeState(heads, shape.headDimVo());
        long splits = (long) UNITS_PER_WORKER * numWorkers * maxSplits(layout, limits);
        return align(state.bytes * splits) + numWorkers * align(new DecodeTile(layout, state).bytes);
    }

    private static int visitsPerSplit(KvPageLayout layout) {
        return Math.max(1, TOKENS_PER_SPLIT / layout.pageSize());
    }

    private static int maxSplits(KvPageLayout layout, Limits limits) {
        return Math.max(1, Math.ceilDiv(limits.maxVisits(), visitsPerSplit(layout)));
    }

    /** Computes one step with {@link #workspaceBytes} of scratch. */
    public void run(Tensors newTensors, long workspace) {
        tensors = newTensors;
        work = workspace;
        HostTensor offsets = newTensors.qOffsets();
        int numSeqs = Math.toIntExact(offsets.extent(0) - 1);
        numTokens = offsets.getInt(offsets.at(numSeqs));
        for (int s = 0; s < numSeqs; s++) {
            for (int t = offsets.getInt(offsets.at(s)); t < offsets.getInt(offsets.at(s + 1L)); t++) {
                sequences[t] = s;
            }
        }
        int units = Math.multiplyExact(numTokens, unitsPerToken);
        if (units >= UNITS_PER_WORKER * workers.numWorkers()) {
            workers.parallelFor(units, wholeTask);
            return;
        }
        int splits = 0;
        for (int unit = 0; unit < units; unit++) {
            firstSplits[unit] = splits;
            int count = numSplits(point(newTensors, unit, visits[0]));
            for (int i = 0; i < count; i++) {
                splitUnits[splits++] = unit;
            }
        }
        firstSplits[units] = splits;
        workers.parallelFor(splits, splitTask);
        workers.parallelFor(units, foldTask);
    }

    /** Every split of a query, by one worker. */
    private void whole(int worker, int unit) {
        Tensors t = bound();
        long scratch = scratch(worker);
        PageVisits query = point(t, unit, visits[worker]);
        long total = scratch + tile.statesAt;
        long part = total + state.bytes;
        load(t, unit, scratch);
        state.clear(total);
        for (int split = 0; split < numSplits(query); split++) {
            attend(unit, split, query, part, scratch);
            state.fold(total, part, scratch + tile.factorsAt);
        }
        store(t, unit, total);
    }

    /** One split of a query. */
    private void split(int worker, int task) {
        Tensors t = bound();
        int unit = splitUnits[task];
        long scratch = scratch(worker);
        PageVisits query = point(t, unit, visits[worker]);
        load(t, unit, scratch);
        attend(unit, task - firstSplits[unit], query, work + task * state.bytes, scratch);
    }

    /** The states of a query's splits, in order. */
    private void fold(int worker, int unit) {
        long scratch = scratch(worker);
        long total = scratch + tile.statesAt;
        state.clear(total);
        for (int split = firstSplits[unit]; split < firstSplits[unit + 1]; split++) {
            state.fold(total, work + split * state.bytes, scratch + tile.factorsAt);
        }
        store(bound(), unit, total);
    }

    private void attend(int unit, int split, PageVisits query, long total, long scratch) {
        state.clear(total);
        int end = Math.min(query.numVisits(), (split + 1) * visitsPerSplit);
        int sequence = sequences[unit % numTokens];
        int slot = shape.kvSlots()[firstServed(unit) / shape.groupSize()];
        for (int n = split * visitsPerSplit; n < end; n++) {
            query.visit(n);
            if (query.from() < query.to()) {
                long page = pool.page(sequence, query.page());
                tile.apply(page, slot, query.from(), query.to(), total, scratch);
            }
        }
    }

    private PageVisits point(Tensors t, int unit, PageVisits query) {
        int token = unit % numTokens;
        int s = sequences[token];
        HostTensor slots = t.slots();
        if (slots != null) {
            int head = firstHead(unit);
            query.list(slots.getInt(slots.at(s)), headsPerUnit == shape.groupSize() ? head / headsPerUnit : head);
        }
        int end = t.qOffsets().getInt(t.qOffsets().at(s + 1L));
        query.query((long) t.kvLengths().getInt(t.kvLengths().at(s)) - (end - token));
        return query;
    }

    private int numSplits(PageVisits query) {
        int splits = Math.ceilDiv(query.numVisits(), visitsPerSplit);
        if (splits > maxSplits) {
            throw new IllegalStateException(
                    "a query reads " + query.numVisits() + " pages; accepted are up to " + maxSplits * visitsPerSplit);
        }
        return splits;
    }

    private void load(Tensors t, int unit, long scratch) {
        tile.clear(scratch);
        int token = unit % numTokens;
        for (int g = 0; g < headsPerUnit; g++) {
            long from = t.q().address(t.q().tensor().at(token, firstHead(unit) + (long) g, 0));
            long to = scratch + g * tile.queryStride;
            Widen.copy(shape.query(), from, to, shape.headDimQk());
            Scale.inPlace(to, shape.headDimQk(), shape.scale() * Exp2.LOG2_E);
        }
    }

    private void store(Tensors t, int unit, long total) {
        int token = unit % numTokens;
        for (int g = 0; g < headsPerUnit; g++) {
            long head = firstHead(unit) + (long) g;
            float sum = state.sum(total, g);
            long from = total + state.out(g);
            if (sum != 0f) { // otherwise no key, or none with any weight: out stays 0
                Scale.inPlace(from, shape.headDimVo(), 1f / sum);
            }
            Narrow.copy(shape.out(), from, t.out().address(t.out().tensor().at(token, head, 0)), shape.headDimVo());
            float log = sum == 0f ? Float.NEGATIVE_INFINITY : (float) (state.max(total, g) * Exp2.LN_2 + Math.log(sum));
            Memory.all()
                    .set(JAVA_FLOAT_UNALIGNED, t.lse().address(t.lse().tensor().at(token, head)), log);
        }
    }

    private int firstServed(int unit) {
        return unit / numTokens * headsPerUnit;
    }

    private int firstHead(int unit) {
        int served = firstServed(unit);
        return shape.kvHeads()[served / shape.groupSize()] * shape.groupSize() + served % shape.groupSize();
    }

    private long scratch(int worker) {
        return work + align(state.bytes * splitUnits.length) + worker * align(tile.bytes);
    }

    private Tensors bound() {
        Tensors t = tensors;
        if (t == null) {
            throw new IllegalStateException("no run is under way");
        }
        return t;
    }

    private static long align(long bytes) {
        return Math.ceilDiv(bytes, 256L) * 256;
    }
}
