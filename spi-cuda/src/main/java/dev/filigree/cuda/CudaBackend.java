package dev.filigree.cuda;

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
import dev.filigree.api.tensor.DType;
import dev.filigree.cuda.driver.CudaContext;
import dev.filigree.cuda.launch.DeviceTraits;
import dev.filigree.cuda.ops.Choosers;
import dev.filigree.cuda.ops.Fusion;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** CUDA on one device. */
final class CudaBackend implements Backend {
    private final CudaContext context;
    private final boolean synchronous;

    CudaBackend(CudaContext context, boolean synchronous) {
        this.context = context;
        this.synchronous = synchronous;
    }

    static DeviceInfo info(DeviceTraits device) {
        return new DeviceInfo(
                device.name(),
                DeviceInfo.Kind.GPU,
                "device " + device.ordinal() + ", compute capability " + device.major() + "." + device.minor()
                        + ", CUDA " + device.cudaVersion(),
                device.memoryBytes(),
                EnumSet.allOf(DType.class),
                Set.of(DType.F32));
    }

    @Override
    public String name() {
        return CudaBackendProvider.NAME;
    }

    @Override
    public DeviceInfo device() {
        return info(context.traits());
    }

    @Override
    public BufferScope openScope() {
        return new CudaScope(context, context.traits().memoryBytes());
    }

    @Override
    public ExecutionStream openStream() {
        return new CudaStream(context.openStream());
    }

    @Override
    public Support support(Op op, Tensors tensors) {
        return Choosers.choose(op, tensors, context.traits()).support();
    }

    @Override
    public PreparedPlan prepare(Plan plan) {
        List<Reason> reasons = refusals(plan);
        if (!reasons.isEmpty()) {
            throw new UnsupportedPlanException(name(), plan.name(), reasons);
        }
        return new CudaPreparedPlan(plan, Fusion.steps(plan, context.traits()), context, synchronous);
    }

    @Override
    public void close() {
        context.close();
    }
}
