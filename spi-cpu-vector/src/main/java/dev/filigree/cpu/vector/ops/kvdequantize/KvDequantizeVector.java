package dev.filigree.cpu.vector.ops.kvdequantize;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.KvDequantize;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.PagePool;
import dev.filigree.cpu.vector.common.PageVectors;
import dev.filigree.cpu.vector.common.RowLoop;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.convert.Narrow;
import dev.filigree.cpu.vector.convert.Widen;

/** {@link KvDequantize}: rows of the outputs shared out between workers. */
public final class KvDequantizeVector implements HostKernel {
    private final KvDequantize op;
    private final KernelSite site;
    private final PagePool pool;
    private final FloatTensor kCurrent;
    private final FloatTensor vCurrent;
    private final HostTensor qOffsets;
    private final HostTensor pastLengths;
    private final HostTensor kvOffsets;
    private final FloatTensor k;
    private final FloatTensor v;
    private final HostTensor kvPositions;
    private final int[] heads;
    private final int[] places;
    private final RowLoop loop;

    /** The kernel of one step. */
    public KvDequantizeVector(KvDequantize op, KernelSite site) {
        this.op = op;
        this.site = site;
        pool = new PagePool(op.kv(), site);
        kCurrent = site.floats(op.kCurrent());
        vCurrent = site.floats(op.vCurrent());
        qOffsets = site.tensor(op.qOffsets());
        pastLengths = site.tensor(op.pastLengths());
        kvOffsets = site.tensor(op.kvOffsets());
        k = site.floats(op.k());
        v = site.floats(op.v());
        kvPositions = site.tensor(op.kvPositions());
        heads = op.heads().kvHeads().stream().mapToInt(Integer::intValue).toArray();
        places = op.heads().kvSlots().stream().mapToInt(Integer::intValue).toArray();
        loop = new RowLoop(site.pool(), k.rowElements() + (long) v.rowElements(), this::rows);
    }

    /** A vector, and what rounding it needs. */
    public static ScratchNeed scratch(KvDequantize op, Tensors tensors) {
        return ScratchNeed.perWorker(
                8L * Math.max(op.kv().layout().headDimQk(), op.kv().layout().headDimVo()) + 8);
    }

    @Override
    public void run() {
        site.point();
        pool.point();
        kCurrent.point();
        vCurrent.point();
        k.point();
        v.point();
        long numSeqs = qOffsets.extent(0) - 1;
        if (heads.length > 0 && numSeqs > 0) {
            loop.run(kvOffsets.getInt(kvOffsets.at(numSeqs)));
        }
    }

    private void rows(int worker, long first, long end) {
        long s = 0;
        for (long row = first; row < end; row++) {
            while (kvOffsets.getInt(kvOffsets.at(s + 1)) <= row) {
                s++;
            }
            row(s, row, site.worker(worker));
        }
    }

    private void row(long s, long row, long scratch) {
        long past = pastLengths.getInt(pastLengths.at(s));
        long retained = op.retention().retainedTokens(past);
        long r = row - kvOffsets.getInt(kvOffsets.at(s));
        long current = r - retained;
        long token = qOffsets.getInt(qOffsets.at(s)) + current;
        if (token >= qOffsets.getInt(qOffsets.at(s + 1))) {
            return; // a row that the offsets leave room for but no token fills
        }
        long position = current < 0 ? op.retention().positionOfRow(r, past) : past + current;
        for (int i = 0; i < heads.length; i++) {
            if (current < 0) {
                fromPage(s, position, pool.keys(), places[i], k, row, scratch);
                fromPage(s, position, pool.values(), places[i], v, row, scratch);
            } else {
                fromCurrent(kCurrent, token, heads[i], pool.keys(), k, row, places[i], scratch);
                fromCurrent(vCurrent, token, heads[i], pool.values(), v, row, places[i], scratch);
            }
        }
        kvPositions.setInt(kvPositions.at(row), (int) position);
    }

    private void fromPage(
            long s, long position, PageVectors vectors, int place, FloatTensor target, long row, long scratch) {
        int pageSize = pool.layout().pageSize();
        long page = pool.page(s, position / pageSize);
        vectors.read(page, place, (int) (position % pageSize), 1, scratch, 4L * vectors.headDim());
        store(vectors, target, row, place, scratch);
    }

    private void fromCurrent(
            FloatTensor source,
            long token,
            int head,
            PageVectors vectors,
            FloatTensor target,
            long row,
            int place,
            long scratch) {
        Widen.copy(source.storage(), source.address(source.tensor().at(token, head, 0)), scratch, vectors.headDim());
        if (op.roundCurrent()) {
            vectors.round(scratch, scratch + 4L * vectors.headDim());
        }
        store(vectors, target, row, place, scratch);
    }

    private static void store(PageVectors vectors, FloatTensor target, long row, int place, long source) {
        long to = target.address(target.tensor().at(row, place, 0));
        Narrow.copy(target.storage(), source, to, vectors.headDim());
    }
}
