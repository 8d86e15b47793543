package dev.filigree.api.host;

import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.backend.Support;
import dev.filigree.api.op.Op;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.PlanException;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.plan.WorkspaceLayout;
import dev.filigree.api.tensor.DeviceBuffer;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Runs a plan step by step in host memory. */
final class HostPreparedPlan implements PreparedPlan, HostKernelContext, HostKernelContext.Scratch {
    private final Plan plan;
    private final Map<TensorRef, HostTensor> tensors = new LinkedHashMap<>();
    private final HostTensor[] all;
    private final long[] tempOffsets;
    private final HostKernel[] steps;
    private final List<String> kernelIds = new ArrayList<>();
    private final WorkspaceLayout layout;
    private MemorySegment workspaceSegment = MemorySegment.NULL;

    HostPreparedPlan(HostBackend backend, Plan plan, HostKernels kernels, HostFusion fusion) {
        this.plan = plan;
        List<Function<HostKernelContext, HostKernel>> makers = new ArrayList<>();
        long scratch = 0;
        for (int at = 0; at < plan.ops().size(); at++) {
            Op op = plan.ops().get(at);
            Optional<HostFusion.Fused> fused =
                    fusion.leading(plan.ops().subList(at, plan.ops().size()), plan.tensors());
            if (fused.isPresent()) {
                kernelIds.add(fused.get().kernelId());
                scratch = Math.max(scratch, fused.get().scratchBytes());
                makers.add(fused.get().maker());
                at += fused.get().numSteps() - 1;
            } else if (backend.support(op, plan.tensors()) instanceof Support.Supported(String id, long bytes)) {
                kernelIds.add(id);
                scratch = Math.max(scratch, bytes);
                makers.add(context -> kernels.prepare(op, context));
            }
        }
        layout = WorkspaceLayout.of(plan, scratch);
        for (TensorDecl decl : plan.tensors().all()) {
            tensors.put(decl.ref(), new HostTensor(decl));
        }
        all = tensors.values().toArray(new HostTensor[0]);
        tempOffsets = new long[all.length];
        for (int i = 0; i < all.length; i++) {
            tempOffsets[i] = layout.offsets().getOrDefault(all[i].decl().ref(), -1L);
        }
        steps = makers.stream().map(maker -> maker.apply(this)).toArray(HostKernel[]::new);
    }

    @Override
    public Plan plan() {
        return plan;
    }

    @Override
    public long workspaceBytes() {
        return layout.totalBytes();
    }

    @Override
    public List<String> kernelIds() {
        return List.copyOf(kernelIds);
    }

    @Override
    public void run(ExecutionStream stream, RunBindings bindings, DeviceBuffer workspace) {
        layout.requireFits(plan, workspace);
        workspaceSegment = HostStream.segment(workspace);
        for (int i = 0; i < all.length; i++) {
            HostTensor tensor = all[i];
            if (tempOffsets[i] >= 0) {
                tensor.point(workspaceSegment, tempOffsets[i], bindings);
            } else if (tensor.decl().role() != TensorRole.TEMP) {
                TensorRef ref = tensor.decl().ref();
                tensor.point(HostStream.segment(bindings.buffer(ref)), bindings.offsetBytes(ref), bindings);
            }
        }
        for (HostKernel step : steps) {
            step.run();
        }
    }

    @Override
    public HostTensor tensor(TensorRef ref) {
        HostTensor tensor = tensors.get(ref);
        if (tensor == null) {
            throw new PlanException("tensor " + ref + " is used but not declared; declared are " + tensors.keySet());
        }
        return tensor;
    }

    @Override
    public Scratch scratch() {
        return this;
    }

    @Override
    public MemorySegment segment() {
        return workspaceSegment;
    }

    @Override
    public long offsetBytes() {
        return layout.scratchOffset();
    }

    @Override
    public void close() {}
}
