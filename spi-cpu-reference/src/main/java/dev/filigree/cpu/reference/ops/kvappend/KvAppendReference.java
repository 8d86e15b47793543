package dev.filigree.cpu.reference.ops.kvappend;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.KvAppend;
import dev.filigree.cpu.reference.common.PageBounds;
import dev.filigree.cpu.reference.common.PagePool;
import dev.filigree.cpu.reference.common.Rotation;
import dev.filigree.cpu.reference.common.Rows;
import org.jspecify.annotations.Nullable;

/** The definition of {@link KvAppend}: rotate, store, and widen the statistics, token by token. */
public final class KvAppendReference implements HostKernel {
    private final KvAppend op;
    private final PagePool pool;
    private final PageBounds bounds;
    private final @Nullable Rotation rotation;
    private final HostTensor k;
    private final HostTensor v;
    private final HostTensor qOffsets;
    private final HostTensor positions;
    private final float[] key;
    private final float[] value;
    private final double[] turned;

    /** The kernel of one step. */
    public KvAppendReference(KvAppend op, HostKernelContext context) {
        this.op = op;
        pool = new PagePool(op.kv(), context);
        bounds = new PageBounds(op.kv().layout());
        rotation = op.rotary().isPresent()
                ? new Rotation(
                        op.rotary().get(), context.tensor(op.rotary().get().frequencies()))
                : null;
        k = context.tensor(op.k());
        v = context.tensor(op.v());
        qOffsets = context.tensor(op.qOffsets());
        positions = context.tensor(op.positions());
        key = new float[op.kv().layout().headDimQk()];
        value = new float[op.kv().layout().headDimVo()];
        turned = new double[key.length];
    }

    @Override
    public void run() {
        for (long s = 0; s + 1 < qOffsets.extent(0); s++) {
            long end = qOffsets.getInt(qOffsets.at(s + 1));
            for (long t = qOffsets.getInt(qOffsets.at(s)); t < end; t++) {
                append(s, t, positions.getInt(positions.at(t)));
            }
        }
    }

    private void append(long s, long t, int position) {
        long page = pool.pageOffset(s, position);
        int slot = pool.slot(position);
        if (rotation != null) {
            rotation.position(position);
        }
        for (int i = 0; i < op.heads().numServedKvHeads(); i++) {
            int head = op.heads().kvHeads().get(i);
            int place = op.heads().kvSlots().get(i);
            Rows.read(k, k.at(t, head, 0), key);
            if (rotation != null) {
                rotate(rotation);
            }
            pool.keys().write(pool.bytes(), page, place, slot, key);
            if (op.kv().layout().hasStats()) {
                bounds.include(pool.bytes(), page, place, slot, key);
            }
            Rows.read(v, v.at(t, head, 0), value);
            pool.values().write(pool.bytes(), page, place, slot, value);
        }
    }

    /** Turns the key into what Rope would have written. */
    private void rotate(Rotation by) {
        for (int c = 0; c < key.length; c++) {
            turned[c] = key[c];
        }
        by.apply(turned);
        for (int c = 0; c < key.length; c++) {
            key[c] = HostTensor.rounded(k.dtype(), turned[c]);
        }
    }
}
