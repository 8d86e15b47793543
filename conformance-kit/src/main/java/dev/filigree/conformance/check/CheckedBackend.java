package dev.filigree.conformance.check;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.DeviceInfo;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.backend.Support;
import dev.filigree.api.op.Op;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;

/**
 * A backend that asserts the contract of {@link Backend} on each call of another: guard bytes before and after every
 * buffer and after every workspace, inputs unchanged, buffers alive, of this backend and large enough, a workspace
 * full of garbage before each run. Violations throw {@link dev.filigree.conformance.rule.RuleBroken}. Meant for
 * tests: every run is followed by a wait and by reading back what must not have changed.
 */
public final class CheckedBackend implements Backend {
    private final Backend inner;

    /** Wraps a backend; closing the wrapper closes it. */
    public CheckedBackend(Backend inner) {
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
        return new CheckedScope(this, inner);
    }

    @Override
    public ExecutionStream openStream() {
        return new CheckedStream(this, inner.openStream());
    }

    @Override
    public Support support(Op op, Tensors tensors) {
        return inner.support(op, tensors);
    }

    @Override
    public PreparedPlan prepare(Plan plan) {
        return new CheckedPlan(this, inner, inner.prepare(plan));
    }

    @Override
    public void close() {
        inner.close();
    }

    /** The buffer as this wrapper made it. */
    CheckedBuffer own(DeviceBuffer buffer) {
        if (buffer instanceof CheckedBuffer checked && checked.owner() == this) {
            return checked;
        }
        throw new IllegalArgumentException("buffer belongs to another backend, not to " + name());
    }
}
