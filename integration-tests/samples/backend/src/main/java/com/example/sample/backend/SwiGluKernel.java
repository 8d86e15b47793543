package com.example.sample.backend;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.SwiGlu;

/** {@code out = gate * sigmoid(gate) * up}. */
final class SwiGluKernel implements HostKernel {
    private final HostTensor gate;
    private final HostTensor up;
    private final HostTensor out;

    SwiGluKernel(SwiGlu op, HostKernelContext context) {
        gate = context.tensor(op.gate());
        up = context.tensor(op.up());
        out = context.tensor(op.out());
    }

    @Override
    public void run() {
        long end = gate.extent(0) * gate.rowElements();
        for (long i = 0; i < end; i++) {
            double g = gate.get(i);
            out.set(i, g / (1 + Math.exp(-g)) * up.get(i));
        }
    }
}
