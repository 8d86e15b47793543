package dev.filigree.conformance.mutant;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.DeviceInfo;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.backend.Support;
import dev.filigree.api.op.Op;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.tensor.BufferScope;

/** Another backend, to be changed in one place. */
class DelegatingBackend implements Backend {
    final Backend inner;

    DelegatingBackend(Backend inner) {
        this.inner = inner;
    }

    @Override
    public String name() {
        return inner.name();
    }

    @Override
    public DeviceInfo device() {
        return inner.device();
    }

    @Override
    public BufferScope openScope() {
        return inner.openScope();
    }

    @Override
    public ExecutionStream openStream() {
        return inner.openStream();
    }

    @Override
    public Support support(Op op, Tensors tensors) {
        return inner.support(op, tensors);
    }

    @Override
    public PreparedPlan prepare(Plan plan) {
        return inner.prepare(plan);
    }

    @Override
    public void close() {
        inner.close();
    }
}
