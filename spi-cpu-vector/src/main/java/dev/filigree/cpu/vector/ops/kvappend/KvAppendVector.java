package dev.filigree.cpu.vector.ops.kvappend;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.KvAppend;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.PageBounds;
import dev.filigree.cpu.vector.common.PagePool;
import dev.filigree.cpu.vector.common.Rotation;
import dev.filigree.cpu.vector.common.RowLoop;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.convert.Widen;
import dev.filigree.cpu.vector.parallel.WorkerPool;
import org.jspecify.annotations.Nullable;

/**
 * {@link KvAppend}. A task is one head of one sequence, its tokens in order: statistics widen in order, and in a ring the
 * newest page of a column stays. The angles of all tokens are computed before, once for all heads.
 */
public final class KvAppendVector implements HostKernel {
    private final KvAppend op;
    private final KernelSite site;
    private final PagePool pool;
    private final PageBounds bounds;
    private final @Nullable Rotation rotation;
    private final long anglesBytes;
    private final FloatTensor k;
    private final FloatTensor v;
    private final HostTensor qOffsets;
    private final HostTensor positions;
    private final int[] heads;
    private final int[] places;
    private final RowLoop angleLoop;
    private final WorkerPool.Body headTask = this::head;

    /** The kernel of one step. */
    public KvAppendVector(KvAppend op, KernelSite site) {
        this.op = op;
        this.site = site;
        pool = new PagePool(op.kv(), site);
        bounds = new PageBounds(op.kv().layout());
        rotation = op.rotary()
                .map(r -> new Rotation(r, site.tensor(r.frequencies())))
                .orElse(null);
        anglesBytes = op.rotary().map(Rotation::angleBytes).orElse(0L);
        k = site.floats(op.k());
        v = site.floats(op.v());
        qOffsets = site.tensor(op.qOffsets());
        positions = site.tensor(op.positions());
        heads = op.heads().kvHeads().stream().mapToInt(Integer::intValue).toArray();
        places = op.heads().kvSlots().stream().mapToInt(Integer::intValue).toArray();
        angleLoop = new RowLoop(site.pool(), 2 * anglesBytes, this::angles);
    }

    /** The angles of all tokens, and a key or value for each worker. */
    public static ScratchNeed scratch(KvAppend op, Tensors tensors) {
        long angles = op.rotary().map(Rotation::angleBytes).orElse(0L);
        return new ScratchNeed(
                Math.multiplyExact(angles, tensors.get(op.k()).capacity(0)),
                4L * Math.max(op.kv().layout().headDimQk(), op.kv().layout().headDimVo()));
    }

    @Override
    public void run() {
        site.point();
        pool.point();
        k.point();
        v.point();
        if (rotation != null) {
            angleLoop.run(k.rows());
        }
        site.pool().parallelFor(Math.toIntExact((qOffsets.extent(0) - 1) * heads.length), headTask);
    }

    private void angles(int worker, long first, long end) {
        Rotation turn = rotation;
        for (long t = first; t < end && turn != null; t++) {
            turn.angles(positions.getInt(positions.at(t)), site.shared() + t * anglesBytes);
        }
    }

    private void head(int worker, int task) {
        long s = task / heads.length;
        long first = qOffsets.getInt(qOffsets.at(s));
        long end = qOffsets.getInt(qOffsets.at(s + 1));
        for (long t = first; t < end; t++) {
            append(s, t, task % heads.length, site.worker(worker));
        }
    }

    private void append(long s, long t, int i, long scratch) {
        int position = positions.getInt(positions.at(t));
        int pageSize = op.kv().layout().pageSize();
        int slot = position % pageSize;
        long page = pool.page(s, position / pageSize);
        int headDim = op.kv().layout().headDimQk();
        Widen.copy(k.storage(), k.address(k.tensor().at(t, heads[i], 0)), scratch, headDim);
        if (rotation != null) {
            rotation.apply(scratch, site.shared() + t * anglesBytes, k.tensor().dtype());
        }
        pool.keys().write(page, places[i], slot, scratch);
        if (op.kv().layout().hasStats()) {
            pool.keys().read(page, places[i], slot, 1, scratch, 4L * headDim);
            bounds.include(page, places[i], slot, scratch);
        }
        int valueDim = op.kv().layout().headDimVo();
        Widen.copy(v.storage(), v.address(v.tensor().at(t, heads[i], 0)), scratch, valueDim);
        pool.values().write(page, places[i], slot, scratch);
    }
}
