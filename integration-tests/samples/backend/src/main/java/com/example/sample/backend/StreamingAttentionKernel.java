package com.example.sample.backend;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.StreamingAttention;
import java.util.Optional;

/** Each query over the contiguous keys that its sink and recent window allow. */
final class StreamingAttentionKernel implements HostKernel {
    private final StreamingAttention op;
    private final HostTensor q;
    private final HostTensor k;
    private final HostTensor v;
    private final HostTensor qOffsets;
    private final HostTensor kvOffsets;
    private final Optional<HostTensor> qPositions;
    private final Optional<HostTensor> kvPositions;
    private final HostTensor out;
    private final HostTensor lse;
    private final OnlineSoftmax softmax;
    private final float[] key;
    private final float[] value;

    StreamingAttentionKernel(StreamingAttention op, HostKernelContext context) {
        this.op = op;
        q = context.tensor(op.q());
        k = context.tensor(op.k());
        v = context.tensor(op.v());
        qOffsets = context.tensor(op.qOffsets());
        kvOffsets = context.tensor(op.kvOffsets());
        qPositions = op.qPositions().map(context::tensor);
        kvPositions = op.kvPositions().map(context::tensor);
        out = context.tensor(op.out());
        lse = context.tensor(op.lse());
        softmax = new OnlineSoftmax(op.scale(), q.extent(2), out.extent(2));
        key = new float[Math.toIntExact(k.extent(2))];
        value = new float[Math.toIntExact(v.extent(2))];
    }

    @Override
    public void run() {
        for (long s = 0; s + 1 < qOffsets.extent(0); s++) {
            long firstKey = kvOffsets.getInt(s);
            long endKey = kvOffsets.getInt(s + 1);
            long end = qOffsets.getInt(s + 1);
            for (long t = qOffsets.getInt(s); t < end; t++) {
                long position = qPositions.isPresent() ? qPositions.get().getInt(t) : endKey - firstKey - (end - t);
                for (int i = 0; i < op.heads().numServedQoHeads(); i++) {
                    attend(
                            t,
                            position,
                            firstKey,
                            endKey,
                            op.heads().qoHead(i),
                            op.heads().kvSlot(i));
                }
            }
        }
    }

    private void attend(long t, long position, long firstKey, long endKey, int head, int slot) {
        softmax.start(q, q.at(t, head, 0));
        for (long row = firstKey; row < endKey; row++) {
            long keyPosition = kvPositions.isPresent() ? kvPositions.get().getInt(row) : row - firstKey;
            if (op.pattern().sees(position, keyPosition)) {
                Vectors.read(k, k.at(row, slot, 0), key);
                Vectors.read(v, v.at(row, slot, 0), value);
                softmax.see(key, value);
            }
        }
        softmax.finish(out, out.at(t, head, 0), lse, lse.at(t, head));
    }
}
