package com.example.sample.backend;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.Add;

/** {@code out = a + b}. */
final class AddKernel implements HostKernel {
    private final HostTensor a;
    private final HostTensor b;
    private final HostTensor out;

    AddKernel(Add op, HostKernelContext context) {
        a = context.tensor(op.a());
        b = context.tensor(op.b());
        out = context.tensor(op.out());
    }

    @Override
    public void run() {
        long end = a.extent(0) * a.rowElements();
        for (long i = 0; i < end; i++) {
            out.set(i, a.get(i) + b.get(i));
        }
    }
}
