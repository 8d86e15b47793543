package com.example.sample.backend;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.PagedAttention;

/** Each query over the keys in the pages that its pattern allows. */
final class PagedAttentionKernel implements HostKernel {
    private final PagedAttention op;
    private final Pages pages;
    private final HostTensor q;
    private final HostTensor qOffsets;
    private final HostTensor kvLengths;
    private final HostTensor out;
    private final HostTensor lse;
    private final OnlineSoftmax softmax;
    private final float[] key;
    private final float[] value;

    PagedAttentionKernel(PagedAttention op, HostKernelContext context) {
        this.op = op;
        pages = new Pages(op.kv(), context);
        q = context.tensor(op.q());
        qOffsets = context.tensor(op.qOffsets());
        kvLengths = context.tensor(op.kvLengths());
        out = context.tensor(op.out());
        lse = context.tensor(op.lse());
        softmax = new OnlineSoftmax(op.scale(), q.extent(2), out.extent(2));
        key = pages.newKey();
        value = pages.newValue();
    }

    @Override
    public void run() {
        for (long s = 0; s + 1 < qOffsets.extent(0); s++) {
            long end = qOffsets.getInt(s + 1);
            for (long t = qOffsets.getInt(s); t < end; t++) {
                long position = kvLengths.getInt(s) - (end - t);
                for (int i = 0; i < op.heads().numServedQoHeads(); i++) {
                    attend(s, t, position, op.heads().qoHead(i), op.heads().kvSlot(i));
                }
            }
        }
    }

    private void attend(long sequence, long t, long position, int head, int slot) {
        softmax.start(q, q.at(t, head, 0));
        long sink = position + 1;
        long recent = position + 1;
        if (op.pattern() instanceof HeadPattern.Streaming streaming) {
            sink = Math.min(sink, streaming.sink());
            recent = streaming.recent();
        }
        for (long j = 0; j < sink; j++) {
            see(sequence, j, slot);
        }
        for (long j = Math.max(sink, position - recent + 1); j <= position; j++) {
            see(sequence, j, slot);
        }
        softmax.finish(out, out.at(t, head, 0), lse, lse.at(t, head));
    }

    private void see(long sequence, long position, int slot) {
        pages.read(sequence, position, slot, key, value);
        softmax.see(key, value);
    }
}
