package dev.filigree.cpu.reference.ops.kvdequantize;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.KvDequantize;
import dev.filigree.cpu.reference.common.PagePool;
import dev.filigree.cpu.reference.common.Rows;

/** The definition of {@link KvDequantize}: retained rows from the pages, then the current tokens. */
public final class KvDequantizeReference implements HostKernel {
    private final KvDequantize op;
    private final PagePool pool;
    private final HostTensor kCurrent;
    private final HostTensor vCurrent;
    private final HostTensor qOffsets;
    private final HostTensor pastLengths;
    private final HostTensor kvOffsets;
    private final HostTensor k;
    private final HostTensor v;
    private final HostTensor kvPositions;
    private final float[] key;
    private final float[] value;

    /** The kernel of one step. */
    public KvDequantizeReference(KvDequantize op, HostKernelContext context) {
        this.op = op;
        pool = new PagePool(op.kv(), context);
        kCurrent = context.tensor(op.kCurrent());
        vCurrent = context.tensor(op.vCurrent());
        qOffsets = context.tensor(op.qOffsets());
        pastLengths = context.tensor(op.pastLengths());
        kvOffsets = context.tensor(op.kvOffsets());
        k = context.tensor(op.k());
        v = context.tensor(op.v());
        kvPositions = context.tensor(op.kvPositions());
        key = new float[op.kv().layout().headDimQk()];
        value = new float[op.kv().layout().headDimVo()];
    }

    @Override
    public void run() {
        for (long s = 0; s + 1 < qOffsets.extent(0); s++) {
            long past = pastLengths.getInt(pastLengths.at(s));
            long retained = op.retention().retainedTokens(past);
            long row = kvOffsets.getInt(kvOffsets.at(s));
            for (long r = 0; r < retained; r++) {
                fromPages(s, op.retention().positionOfRow(r, past), row++);
            }
            long first = qOffsets.getInt(qOffsets.at(s));
            long end = qOffsets.getInt(qOffsets.at(s + 1));
            for (long t = first; t < end; t++) {
                fromCurrent(t, past + (t - first), row++);
            }
        }
    }

    private void fromPages(long s, long position, long row) {
        long page = pool.pageOffset(s, position);
        for (int i = 0; i < op.heads().numServedKvHeads(); i++) {
            int place = op.heads().kvSlots().get(i);
            pool.keys().read(pool.bytes(), page, place, pool.slot(position), key);
            pool.values().read(pool.bytes(), page, place, pool.slot(position), value);
            store(row, place, position);
        }
    }

    private void fromCurrent(long t, long position, long row) {
        for (int i = 0; i < op.heads().numServedKvHeads(); i++) {
            int head = op.heads().kvHeads().get(i);
            Rows.read(kCurrent, kCurrent.at(t, head, 0), key);
            Rows.read(vCurrent, vCurrent.at(t, head, 0), value);
            if (op.roundCurrent()) {
                pool.keys().round(key);
                pool.values().round(value);
            }
            store(row, op.heads().kvSlots().get(i), position);
        }
    }

    private void store(long row, int place, long position) {
        Rows.write(key, k, k.at(row, place, 0));
        Rows.write(value, v, v.at(row, place, 0));
        kvPositions.setInt(kvPositions.at(row), (int) position);
    }
}
