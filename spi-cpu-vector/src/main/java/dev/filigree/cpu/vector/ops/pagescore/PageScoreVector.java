package dev.filigree.cpu.vector.ops.pagescore;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.MAX;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.op.PageChoice.SelectionScope;
import dev.filigree.api.op.PageScore;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.ChosenLists;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.PageBounds;
import dev.filigree.cpu.vector.common.PagePool;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.convert.Storage;
import dev.filigree.cpu.vector.convert.Widen;
import dev.filigree.cpu.vector.lanes.LaneSum;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import dev.filigree.cpu.vector.parallel.WorkerPool;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.jspecify.annotations.Nullable;

/**
 * {@link PageScore}: a task is one KV head of one sequence and some pages; bounds are widened once for the query heads of
 * the group.
 */
public final class PageScoreVector implements HostKernel {
    private static final int PAGES_PER_TASK = 64;

    private final PageScore op;
    private final KernelSite site;
    private final PagePool pool;
    private final PageBounds bounds;
    private final FloatTensor q;
    private final HostTensor kvLengths;
    private final FloatTensor scores;
    private final @Nullable ChosenLists lists;
    private final int[] heads;
    private final int[] places;
    private final int groupSize;
    private final int headDim;
    private final int rangesPerHead;
    private final WorkerPool.Body rangeTask = this::range;

    /** The kernel of one step. */
    public PageScoreVector(PageScore op, KernelSite site) {
        this.op = op;
        this.site = site;
        pool = new PagePool(op.kv(), site);
        bounds = new PageBounds(op.kv().layout());
        q = site.floats(op.q());
        kvLengths = site.tensor(op.kvLengths());
        scores = site.floats(op.scores());
        lists = op.reuse()
                .map(r -> new ChosenLists(
                        r.choice(),
                        site,
                        r.budgetPages(),
                        r.reuseInterval(),
                        op.kv().layout().pageSize()))
                .orElse(null);
        heads = op.heads().kvHeads().stream().mapToInt(Integer::intValue).toArray();
        places = op.heads().kvSlots().stream().mapToInt(Integer::intValue).toArray();
        groupSize = op.heads().groupSize();
        headDim = op.kv().layout().headDimQk();
        rangesPerHead = Math.toIntExact(Math.ceilDiv(scores.tensor().decl().capacity(2), PAGES_PER_TASK));
    }

    /** The queries of a group, and two bounds. */
    public static ScratchNeed scratch(PageScore op, Tensors tensors) {
        return ScratchNeed.perWorker(
                4L * op.kv().layout().headDimQk() * (op.heads().groupSize() + 2));
    }

    @Override
    public void run() {
        site.point();
        pool.point();
        q.point();
        scores.point();
        site.pool().parallelFor(Math.toIntExact(q.rows() * heads.length * rangesPerHead), rangeTask);
    }

    private void range(int worker, int task) {
        int i = task / rangesPerHead % heads.length;
        long s = task / rangesPerHead / heads.length;
        int kvLength = kvLengths.getInt(kvLengths.at(s));
        if (!isRead(s, heads[i], kvLength)) {
            return;
        }
        int first = task % rangesPerHead * PAGES_PER_TASK;
        int end = Math.min(
                first + PAGES_PER_TASK, Math.ceilDiv(kvLength, pool.layout().pageSize()));
        long queries = site.worker(worker);
        for (int g = 0; g < groupSize && first < end; g++) {
            long head = (long) heads[i] * groupSize + g;
            Widen.copy(q.storage(), q.address(q.tensor().at(s, head, 0)), queries + 4L * g * headDim, headDim);
        }
        for (int page = first; page < end; page++) {
            score(s, i, page, kvLength, queries);
        }
    }

    /** Whether the selection that follows reads a score of a KV head; its lists mostly agree. */
    private boolean isRead(long s, int head, int kvLength) {
        if (lists == null) {
            return true;
        }
        boolean read = false;
        boolean perHead = op.scope() == SelectionScope.QUERY_HEAD;
        for (int g = 0; g < (perHead ? groupSize : 1) && !read; g++) {
            int list = perHead ? head * groupSize + g : head;
            read = !lists.holdsAll(kvLength) && lists.isReplaced(s, list, kvLength);
        }
        return read;
    }

    private void score(long s, int i, int page, int kvLength, long queries) {
        KvPageLayout layout = pool.layout();
        long maxima = queries + 4L * groupSize * headDim;
        long minima = maxima + 4L * headDim;
        long at = pool.page(s, page);
        int live = kvLength - page * layout.pageSize();
        int logicalPages = Math.min(layout.logicalPagesPerPage(), Math.ceilDiv(live, layout.logicalPageSize()));
        boolean perHead = op.scope() == SelectionScope.QUERY_HEAD;
        MemorySegment all = Memory.all();
        for (int l = 0; l < logicalPages; l++) {
            Widen.copy(Storage.F16, bounds.max(at, l, places[i]), maxima, headDim);
            Widen.copy(Storage.F16, bounds.min(at, l, places[i]), minima, headDim);
            for (int g = 0; g < groupSize; g++) {
                float bound = bound(queries + 4L * g * headDim, maxima, minima, headDim);
                long list = perHead ? (long) heads[i] * groupSize + g : heads[i];
                long to = scores.address(scores.tensor().at(s, list, page));
                boolean start = l == 0 && (perHead || g == 0);
                float best = start ? bound : Math.max(all.get(JAVA_FLOAT_UNALIGNED, to), bound);
                all.set(JAVA_FLOAT_UNALIGNED, to, best);
            }
        }
    }

    private static float bound(long q, long maxima, long minima, int count) {
        MemorySegment all = Memory.all();
        FloatVector sum = FloatVector.zero(Lanes.F32);
        int whole = Lanes.F32.loopBound(count);
        for (int c = 0; c < whole; c += Lanes.COUNT) {
            FloatVector x = FloatVector.fromMemorySegment(Lanes.F32, all, q + 4L * c, Lanes.ORDER);
            FloatVector high = FloatVector.fromMemorySegment(Lanes.F32, all, maxima + 4L * c, Lanes.ORDER);
            FloatVector low = FloatVector.fromMemorySegment(Lanes.F32, all, minima + 4L * c, Lanes.ORDER);
            sum = sum.add(x.mul(high).lanewise(MAX, x.mul(low)));
        }
        float total = LaneSum.of(sum);
        for (int c = whole; c < count; c++) {
            float x = all.get(JAVA_FLOAT_UNALIGNED, q + 4L * c);
            float high = x * all.get(JAVA_FLOAT_UNALIGNED, maxima + 4L * c);
            total += Math.max(high, x * all.get(JAVA_FLOAT_UNALIGNED, minima + 4L * c));
        }
        return total;
    }
}
