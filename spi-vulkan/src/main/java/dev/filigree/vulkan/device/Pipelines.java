package dev.filigree.vulkan.device;

import static org.lwjgl.system.MemoryStack.stackPush;
import static org.lwjgl.system.MemoryUtil.memAlloc;
import static org.lwjgl.system.MemoryUtil.memFree;
import static org.lwjgl.vulkan.VK10.*;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkComputePipelineCreateInfo;
import org.lwjgl.vulkan.VkPipelineCacheCreateInfo;
import org.lwjgl.vulkan.VkPipelineLayoutCreateInfo;
import org.lwjgl.vulkan.VkPushConstantRange;
import org.lwjgl.vulkan.VkShaderModuleCreateInfo;
import org.lwjgl.vulkan.VkSpecializationInfo;
import org.lwjgl.vulkan.VkSpecializationMapEntry;

/** Compute pipelines by shader and specialization, shared by all plans of a device; their driver cache as bytes. */
public final class Pipelines implements AutoCloseable {

    /** A shader with its constants in the order of their ids. */
    public record Key(String shader, List<Integer> constants) {
        /** Copies the list. */
        public Key {
            constants = List.copyOf(constants);
        }
    }

    private final Device device;
    private final Map<Key, Long> pipelines = new HashMap<>();
    private final long layout;
    private final long cache;

    /** Starts with what {@link #cacheBytes} gave for the same driver, or with nothing. */
    public Pipelines(Device device, byte[] cached) {
        this.device = device;
        ByteBuffer initial = memAlloc(Math.max(1, cached.length)).put(0, cached);
        try (MemoryStack stack = stackPush()) {
            var out = stack.mallocLong(1);
            var push = VkPushConstantRange.calloc(1, stack);
            push.get(0).stageFlags(VK_SHADER_STAGE_COMPUTE_BIT).size(2 * Long.BYTES);
            var info = VkPipelineLayoutCreateInfo.calloc(stack).sType$Default().pPushConstantRanges(push);
            Results.check(vkCreatePipelineLayout(device.handle(), info, null, out), "vkCreatePipelineLayout");
            layout = out.get(0);
            var create = VkPipelineCacheCreateInfo.calloc(stack).sType$Default();
            if (cached.length > 0) {
                create.pInitialData(initial);
            }
            Results.check(vkCreatePipelineCache(device.handle(), create, null, out), "vkCreatePipelineCache");
            cache = out.get(0);
        } finally {
            memFree(initial);
        }
    }

    long layout() {
        return layout;
    }

    /** The pipeline of a key, made on first use. */
    public synchronized long get(Key key, byte[] spirv) {
        Long known = pipelines.get(key);
        if (known == null) {
            known = create(key, spirv);
            pipelines.put(key, known);
        }
        return known;
    }

    private long create(Key key, byte[] spirv) {
        ByteBuffer code = memAlloc(spirv.length).put(0, spirv);
        try (MemoryStack stack = stackPush()) {
            var out = stack.mallocLong(1);
            var info = VkShaderModuleCreateInfo.calloc(stack).sType$Default().pCode(code);
            Results.check(vkCreateShaderModule(device.handle(), info, null, out), "vkCreateShaderModule");
            long module = out.get(0);
            int count = key.constants().size();
            var entries = VkSpecializationMapEntry.calloc(count, stack);
            ByteBuffer data = stack.malloc(4 * count);
            for (int i = 0; i < count; i++) {
                entries.get(i).constantID(i).offset(4 * i).size(4);
                data.putInt(4 * i, key.constants().get(i));
            }
            var special =
                    VkSpecializationInfo.calloc(stack).pMapEntries(entries).pData(data);
            var create = VkComputePipelineCreateInfo.calloc(1, stack);
            create.get(0).sType$Default().layout(layout);
            create.get(0)
                    .stage()
                    .sType$Default()
                    .stage(VK_SHADER_STAGE_COMPUTE_BIT)
                    .module(module)
                    .pName(stack.UTF8("main"))
                    .pSpecializationInfo(special);
            int result = vkCreateComputePipelines(device.handle(), cache, create, null, out);
            vkDestroyShaderModule(device.handle(), module, null);
            Results.check(result, "vkCreateComputePipelines of " + key.shader());
            return out.get(0);
        } finally {
            memFree(code);
        }
    }

    /** What the driver wants to keep for its next start. */
    public byte[] cacheBytes() {
        try (MemoryStack stack = stackPush()) {
            var size = stack.mallocPointer(1);
            Results.check(vkGetPipelineCacheData(device.handle(), cache, size, null), "vkGetPipelineCacheData");
            ByteBuffer data = memAlloc(Math.max(1, Math.toIntExact(size.get(0))));
            try {
                Results.check(vkGetPipelineCacheData(device.handle(), cache, size, data), "vkGetPipelineCacheData");
                byte[] bytes = new byte[Math.toIntExact(size.get(0))];
                data.get(0, bytes);
                return bytes;
            } finally {
                memFree(data);
            }
        }
    }

    @Override
    public void close() {
        device.destroy(() -> {
            pipelines.values().forEach(p -> vkDestroyPipeline(device.handle(), p, null));
            vkDestroyPipelineCache(device.handle(), cache, null);
            vkDestroyPipelineLayout(device.handle(), layout, null);
        });
    }
}
