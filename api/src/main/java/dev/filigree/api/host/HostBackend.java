package dev.filigree.api.host;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.DeviceInfo;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.backend.Reason;
import dev.filigree.api.backend.Support;
import dev.filigree.api.backend.UnsupportedPlanException;
import dev.filigree.api.op.Op;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.tensor.BufferScope;
import java.util.List;

/**
 * A backend that computes in host memory with a table of kernels. Subclass it, hand over the table, and the
 * contract of {@link Backend} is met: scopes, streams, workspace layout, bindings.
 */
public class HostBackend implements Backend {
    private final String name;
    private final DeviceInfo device;
    private final HostKernels kernels;
    private final HostMemory memory;
    private final HostFusion fusion;

    /**
     * A backend that computes every step by itself.
     *
     * @param name the provider's name
     * @param device what it runs on
     * @param kernels one factory per op
     * @param memory counts what scopes allocate
     */
    public HostBackend(String name, DeviceInfo device, HostKernels kernels, HostMemory memory) {
        this(name, device, kernels, memory, HostFusion.NONE);
    }

    /**
     * A backend.
     *
     * @param name the provider's name
     * @param device what it runs on
     * @param kernels one factory per op
     * @param memory counts what scopes allocate
     * @param fusion finds steps to compute together
     */
    public HostBackend(String name, DeviceInfo device, HostKernels kernels, HostMemory memory, HostFusion fusion) {
        this.fusion = fusion;
        this.name = name;
        this.device = device;
        this.kernels = kernels;
        this.memory = memory;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public DeviceInfo device() {
        return device;
    }

    /** The count of native memory in use. */
    public HostMemory memory() {
        return memory;
    }

    @Override
    public BufferScope openScope() {
        return new HostScope(memory);
    }

    @Override
    public ExecutionStream openStream() {
        return new HostStream();
    }

    @Override
    public Support support(Op op, Tensors tensors) {
        return kernels.support(name, op, tensors);
    }

    @Override
    public PreparedPlan prepare(Plan plan) {
        List<Reason> reasons = refusals(plan);
        if (!reasons.isEmpty()) {
            throw new UnsupportedPlanException(name, plan.name(), reasons);
        }
        return new HostPreparedPlan(this, plan, kernels, fusion);
    }

    @Override
    public void close() {}
}
