package com.example.sample.backend;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.KvDequantize;

/** Gathers what is retained of the past, then the current tokens, into contiguous keys and values. */
final class KvDequantizeKernel implements HostKernel {
    private final KvDequantize op;
    private final Pages pages;
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

    KvDequantizeKernel(KvDequantize op, HostKernelContext context) {
        this.op = op;
        pages = new Pages(op.kv(), context);
        kCurrent = context.tensor(op.kCurrent());
        vCurrent = context.tensor(op.vCurrent());
        qOffsets = context.tensor(op.qOffsets());
        pastLengths = context.tensor(op.pastLengths());
        kvOffsets = context.tensor(op.kvOffsets());
        k = context.tensor(op.k());
        v = context.tensor(op.v());
        kvPositions = context.tensor(op.kvPositions());
        key = pages.newKey();
        value = pages.newValue();
    }

    @Override
    public void run() {
        for (long s = 0; s + 1 < qOffsets.extent(0); s++) {
            long past = pastLengths.getInt(s);
            long row = kvOffsets.getInt(s);
            long retained = op.retention().retainedTokens(past);
            for (long r = 0; r < retained; r++) {
                fromPages(s, op.retention().positionOfRow(r, past), row++);
            }
            long firstToken = qOffsets.getInt(s);
            for (long t = firstToken; t < qOffsets.getInt(s + 1); t++) {
                fromCurrent(t, past + t - firstToken, row++);
            }
        }
    }

    private void fromPages(long sequence, long position, long row) {
        for (int i = 0; i < op.heads().numServedKvHeads(); i++) {
            int slot = op.heads().kvSlots().get(i);
            pages.read(sequence, position, slot, key, value);
            store(row, slot, position);
        }
    }

    private void fromCurrent(long t, long position, long row) {
        for (int i = 0; i < op.heads().numServedKvHeads(); i++) {
            int head = op.heads().kvHeads().get(i);
            Vectors.read(kCurrent, kCurrent.at(t, head, 0), key);
            Vectors.read(vCurrent, vCurrent.at(t, head, 0), value);
            if (op.roundCurrent()) {
                pages.round(key, value);
            }
            store(row, op.heads().kvSlots().get(i), position);
        }
    }

    private void store(long row, int slot, long position) {
        Vectors.write(key, k, k.at(row, slot, 0));
        Vectors.write(value, v, v.at(row, slot, 0));
        kvPositions.setInt(row, (int) position);
    }
}
