package com.example.sample.backend;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.KvAppend;
import java.util.Optional;

/** Writes the current keys, turned if asked to, and values into their pages. */
final class KvAppendKernel implements HostKernel {
    private final KvAppend op;
    private final Pages pages;
    private final Optional<Rotation> rotation;
    private final HostTensor k;
    private final HostTensor v;
    private final HostTensor qOffsets;
    private final HostTensor positions;
    private final float[] key;
    private final float[] value;

    KvAppendKernel(KvAppend op, HostKernelContext context) {
        this.op = op;
        pages = new Pages(op.kv(), context);
        rotation = op.rotary().map(rotary -> new Rotation(rotary, context));
        k = context.tensor(op.k());
        v = context.tensor(op.v());
        qOffsets = context.tensor(op.qOffsets());
        positions = context.tensor(op.positions());
        key = pages.newKey();
        value = pages.newValue();
    }

    @Override
    public void run() {
        for (long s = 0; s + 1 < qOffsets.extent(0); s++) {
            for (long t = qOffsets.getInt(s); t < qOffsets.getInt(s + 1); t++) {
                append(s, t, positions.getInt(t));
            }
        }
    }

    private void append(long sequence, long t, int position) {
        if (rotation.isPresent()) {
            rotation.get().setPosition(position);
        }
        for (int i = 0; i < op.heads().numServedKvHeads(); i++) {
            int head = op.heads().kvHeads().get(i);
            Vectors.read(k, k.at(t, head, 0), key);
            Vectors.read(v, v.at(t, head, 0), value);
            if (rotation.isPresent()) {
                rotation.get().turn(key);
                Vectors.round(key, k.dtype());
            }
            pages.write(sequence, position, op.heads().kvSlots().get(i), key, value);
        }
    }
}
