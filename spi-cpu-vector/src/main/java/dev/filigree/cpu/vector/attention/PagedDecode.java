package dev.filigree.cpu.vector.attention;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.filigree.api.host.HostTensor;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.PagePool;
import dev.filigree.cpu.vector.convert.Narrow;
import dev.filigree.cpu.vector.elementwise.Exp2;
import dev.filigree.cpu.vector.elementwise.Scale;
import dev.filigree.cpu.vector.lanes.Memory;
import dev.filigree.cpu.vector.parallel.WorkerPool;
import org.jspecify.annotations.Nullable;

/**
 * Attention of few queries per sequence over cache pages, the keys of a query split between workers (Flash-Decoding). The
 * query heads of a KV head share one reading of its pages.
 *
 * <p>A page holds all heads' keys side by side, then all heads' values. Heads that read the same pages therefore go through
 * a page together: memory is then read in two long runs a page, which the hardware foresees, and not in one short piece a
 * head and page, where half the time is spent waiting for the first lines of a piece.
 *
 * <p>Pages are grouped by a fixed number of tokens, each group makes a state of its own, and states are folded in order.
 * That holds whether one worker does all groups of a query or several share them, and whichever heads go together, so a
 * result depends neither on the number of workers nor on what else is in the batch.
 */
public final class PagedDecode {
    private static final int TOKENS_PER_SPLIT = 1024;

    /** With at least this many bundles per worker, workers take whole bundles: of one unit, and of all heads. */
    private static final int SMALL_BUNDLES_PER_WORKER = 4;

    private static final int BIG_BUNDLES_PER_WORKER = 2;

    /** With fewer splits per worker, the heads of a bundle are shared out too. */
    private static final int SPLITS_PER_WORKER = 4;

    private final AttentionShape shape;
    private final PagePool pool;
    private final WorkerPool workers;
    private final PageVisits[] visits;
    private final DecodeState state;
    private final DecodeTile tile;
    private final int headsPerUnit;
    private final int unitsPerToken;
    /** Units of a token that read the same pages: all or one. */
    private final int bundle;

    private final int bundlesPerWorker;
    private final int visitsPerSplit;
    private final int maxSplits;
    private final int[] sequences;
    private final int[] splitBundles;
    private final int[] firstSplits;
    private final WorkerPool.Body wholeTask = this::whole;
    private final WorkerPool.Body splitTask = this::split;
    private final WorkerPool.Body foldTask = this::fold;
    private @Nullable Tensors tensors;
    private int numTokens;
    private int unitsPerTask;
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
     * @param readers which query heads read the same pages
     */
    public record Limits(int maxTokens, int maxVisits, Readers readers) {}

    /** Which query heads read the same pages. */
    public enum Readers {
        /** All: the pages follow from the position alone. */
        ALL_HEADS,
        /** The heads of a KV head have chosen together. */
        GROUP,
        /** Each head has chosen for itself, so that a group shares no reading. */
        HEAD
    }

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
        headsPerUnit = headsPerUnit(shape, limits);
        unitsPerToken = shape.kvHeads().length * shape.groupSize() / headsPerUnit;
        bundle = bundle(shape, limits);
        bundlesPerWorker = bundlesPerWorker(limits);
        state = new DecodeState(headsPerUnit, shape.headDimVo());
        tile = new DecodeTile(pool.layout(), state, bundle);
        visitsPerSplit = visitsPerSplit(pool.layout());
        maxSplits = maxSplits(pool.layout(), limits);
        sequences = new int[limits.maxTokens()];
        int shared = sharedBundles(shape, limits, workers.numWorkers());
        splitBundles = new int[Math.multiplyExact(shared, maxSplits)];
        firstSplits = new int[shared + 1];
    }

    /** Returns the exact size of the workspace of a step, bytes. */
    public static long workspaceBytes(AttentionShape shape, KvPageLayout layout, Limits limits, int numWorkers) {
        DecodeState state = new DecodeState(headsPerUnit(shape, limits), shape.headDimVo());
        int bundle = bundle(shape, limits);
        long splits = (long) sharedBundles(shape, limits, numWorkers) * maxSplits(layout, limits);
        return align(state.bytes * bundle * splits) + numWorkers * align(new DecodeTile(layout, state, bundle).bytes);
    }

    private static int headsPerUnit(AttentionShape shape, Limits limits) {
        return limits.readers() == Readers.HEAD ? 1 : shape.groupSize();
    }

    private static int bundle(AttentionShape shape, Limits limits) {
        return limits.readers() == Readers.ALL_HEADS ? Math.max(1, shape.kvHeads().length) : 1;
    }

    /** Most bundles whose splits workers share; with as many as a worker's share each and more they take whole ones. */
    private static int sharedBundles(AttentionShape shape, Limits limits, int numWorkers) {
        int units = shape.kvHeads().length * shape.groupSize() / headsPerUnit(shape, limits);
        long most = (long) limits.maxTokens() * units / bundle(shape, limits);
        return (int) Math.min(most, bundlesPerWorker(limits) * numWorkers);
    }

    private static int bundlesPerWorker(Limits limits) {
        return limits.readers() == Readers.ALL_HEADS ? BIG_BUNDLES_PER_WORKER : SMALL_BUNDLES_PER_WORKER;
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
        int bundles = Math.multiplyExact(numTokens, unitsPerToken) / bundle;
        if (bundles >= bundlesPerWorker * workers.numWorkers()) {
            workers.parallelFor(bundles, wholeTask);
            return;
        }
        int splits = 0;
        for (int b = 0; b < bundles; b++) {
            firstSplits[b] = splits;
            int count = numSplits(point(newTensors, b, visits[0]));
            for (int i = 0; i < count; i++) {
                splitBundles[splits++] = b;
            }
        }
        firstSplits[bundles] = splits;
        unitsPerTask = splits < SPLITS_PER_WORKER * workers.numWorkers() ? 1 : bundle;
        workers.parallelFor(splits * (bundle / unitsPerTask), splitTask);
        workers.parallelFor(bundles * bundle, foldTask);
    }

    /** Every split of a bundle, by one worker. */
    private void whole(int worker, int number) {
        Tensors t = bound();
        long scratch = scratch(worker);
        PageVisits query = point(t, number, visits[worker]);
        long totals = scratch + tile.statesAt;
        long parts = totals + bundle * state.bytes;
        load(t, number, 0, bundle, scratch);
        for (int i = 0; i < bundle; i++) {
            state.clear(totals + i * state.bytes);
        }
        for (int split = 0; split < numSplits(query); split++) {
            attend(number, 0, bundle, split, query, parts, scratch);
            for (int i = 0; i < bundle; i++) {
                state.fold(totals + i * state.bytes, parts + i * state.bytes, scratch + tile.factorsAt);
            }
        }
        for (int i = 0; i < bundle; i++) {
            store(t, unit(number, i), totals + i * state.bytes);
        }
    }

    /** One split of some units of a bundle. */
    private void split(int worker, int task) {
        Tensors t = bound();
        int tasks = bundle / unitsPerTask;
        int split = task / tasks;
        int first = task % tasks * unitsPerTask;
        int number = splitBundles[split];
        long scratch = scratch(worker);
        PageVisits query = point(t, number, visits[worker]);
        load(t, number, first, unitsPerTask, scratch);
        attend(number, first, unitsPerTask, split - firstSplits[number], query, part(split, first), scratch);
    }

    /** The states of a unit's splits, in order. */
    private void fold(int worker, int task) {
        long scratch = scratch(worker);
        long total = scratch + tile.statesAt;
        int number = task / bundle;
        state.clear(total);
        for (int split = firstSplits[number]; split < firstSplits[number + 1]; split++) {
            state.fold(total, part(split, task % bundle), scratch + tile.factorsAt);
        }
        store(bound(), unit(number, task % bundle), total);
    }

    /** Applies the pages of a split to the states of {@code count} units of a bundle, {@code states} on. */
    private void attend(int number, int first, int count, int split, PageVisits query, long states, long scratch) {
        for (int i = 0; i < count; i++) {
            state.clear(states + i * state.bytes);
        }
        int end = Math.min(query.numVisits(), (split + 1) * visitsPerSplit);
        int sequence = sequences[number % numTokens];
        for (int n = split * visitsPerSplit; n < end; n++) {
            query.visit(n);
            if (query.from() < query.to()) {
                long page = pool.page(sequence, query.page());
                if (count == pool.layout().numHeads()
                        && query.to() - query.from() == pool.layout().pageSize()) {
                    tile.fetch(page, scratch);
                }
                for (int i = 0; i < count; i++) {
                    int slot = shape.kvSlots()[firstServed(unit(number, first + i)) / shape.groupSize()];
                    tile.apply(page, slot, query.from(), query.to(), states + i * state.bytes, i, scratch);
                }
            }
        }
    }

    private PageVisits point(Tensors t, int number, PageVisits query) {
        int token = number % numTokens;
        int s = sequences[token];
        HostTensor slots = t.slots();
        if (slots != null) {
            int head = firstHead(number);
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

    private void load(Tensors t, int number, int first, int count, long scratch) {
        tile.clear(scratch);
        int token = number % numTokens;
        for (int i = 0; i < count; i++) {
            int head = firstHead(unit(number, first + i));
            for (int g = 0; g < headsPerUnit; g++) {
                long from = t.q().address(t.q().tensor().at(token, head + (long) g, 0));
                tile.query(shape.query(), from, shape.scale() * Exp2.LOG2_E, i, g, scratch);
            }
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

    /** The i-th unit of a bundle: units of a token lie {@code numTokens} apart. */
    private int unit(int number, int i) {
        return number + i * numTokens;
    }

    private int firstServed(int unit) {
        return unit / numTokens * headsPerUnit;
    }

    private int firstHead(int unit) {
        int served = firstServed(unit);
        return shape.kvHeads()[served / shape.groupSize()] * shape.groupSize() + served % shape.groupSize();
    }

    private long scratch(int worker) {
        return work + align(state.bytes * bundle * splitBundles.length) + worker * align(tile.bytes);
    }

    private long part(int split, int i) {
        return work + ((long) split * bundle + i) * state.bytes;
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
