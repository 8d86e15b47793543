package dev.filigree.vulkan;

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
import dev.filigree.vulkan.device.Device;
import dev.filigree.vulkan.device.Pipelines;
import dev.filigree.vulkan.launch.Launch;
import dev.filigree.vulkan.ops.Limits;
import dev.filigree.vulkan.ops.Recipes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** One Vulkan device. */
final class VulkanBackend implements Backend {
    private final DeviceInfo info;
    private final Device device;
    private final Pipelines pipelines;
    private final PipelineFile file;
    private boolean closed;

    VulkanBackend(DeviceInfo info, Device device, PipelineFile file) {
        this.info = info;
        this.device = device;
        this.file = file;
        this.pipelines = new Pipelines(device, file.read());
    }

    Device vulkanDevice() {
        return device;
    }

    Pipelines pipelines() {
        return pipelines;
    }

    @Override
    public String name() {
        return VulkanBackendProvider.NAME;
    }

    @Override
    public DeviceInfo device() {
        return info;
    }

    @Override
    public BufferScope openScope() {
        return new VulkanScope(device);
    }

    @Override
    public ExecutionStream openStream() {
        return new VulkanStream(device);
    }

    @Override
    public Support support(Op op, Tensors tensors) {
        List<Reason> reasons = Limits.reasons(op, tensors);
        if (!reasons.isEmpty()) {
            return new Support.Unsupported(reasons);
        }
        List<Launch> launches = Recipes.of(op, tensors, device.physical());
        long scratch = launches.stream().mapToLong(Launch::scratchBytes).max().orElse(0);
        return Support.yes(id(op, launches), scratch);
    }

    private static String id(Op op, List<Launch> launches) {
        for (String path : List.of("workgroup", "cooperative")) {
            if (launches.stream().anyMatch(l -> l.shader().path().contains("_" + path + "_"))) {
                return snakeCase(op.opName()) + "__" + path + "__spirv";
            }
        }
        return snakeCase(op.opName()) + "__spirv";
    }

    private static String snakeCase(String name) {
        return name.replaceAll("(?<=[a-z])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
    }

    @Override
    public PreparedPlan prepare(Plan plan) {
        List<Reason> reasons = refusals(plan);
        if (!reasons.isEmpty()) {
            throw new UnsupportedPlanException(name(), plan.name(), reasons);
        }
        List<Launch> launches = new ArrayList<>();
        List<String> ids = new ArrayList<>();
        for (Op op : plan.ops()) {
            List<Launch> own = Recipes.of(op, plan.tensors(), device.physical());
            launches.addAll(own);
            ids.add(id(op, own));
        }
        return new VulkanPlan(this, plan, launches, ids);
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            file.write(pipelines.cacheBytes());
            pipelines.close();
            device.close();
        }
    }
}
