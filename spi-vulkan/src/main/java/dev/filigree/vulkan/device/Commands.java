package dev.filigree.vulkan.device;

import static org.lwjgl.system.MemoryStack.stackPush;
import static org.lwjgl.vulkan.VK10.*;

import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkBufferCopy;
import org.lwjgl.vulkan.VkCommandBuffer;
import org.lwjgl.vulkan.VkCommandBufferAllocateInfo;
import org.lwjgl.vulkan.VkCommandBufferBeginInfo;
import org.lwjgl.vulkan.VkCommandPoolCreateInfo;
import org.lwjgl.vulkan.VkMemoryBarrier;

/** One command buffer with its pool: recorded once and replayed, or recorded anew. One thread at a time. */
public final class Commands implements AutoCloseable {
    private final Device device;
    private final long pool;
    private final VkCommandBuffer buffer;
    private long lastPoint;

    /** An empty command buffer. */
    public Commands(Device device) {
        this.device = device;
        try (MemoryStack stack = stackPush()) {
            var out = stack.mallocLong(1);
            var info = VkCommandPoolCreateInfo.calloc(stack)
                    .sType$Default()
                    .queueFamilyIndex(device.family())
                    .flags(VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT);
            Results.check(vkCreateCommandPool(device.handle(), info, null, out), "vkCreateCommandPool");
            pool = out.get(0);
            var allocate = VkCommandBufferAllocateInfo.calloc(stack)
                    .sType$Default()
                    .commandPool(pool)
                    .level(VK_COMMAND_BUFFER_LEVEL_PRIMARY)
                    .commandBufferCount(1);
            var pointer = stack.mallocPointer(1);
            Results.check(vkAllocateCommandBuffers(device.handle(), allocate, pointer), "vkAllocateCommandBuffers");
            buffer = new VkCommandBuffer(pointer.get(0), device.handle());
        }
    }

    /** Waits for its last submission and starts to record what is submitted once at a time. */
    public Commands begin() {
        return begin(false);
    }

    /**
     * Waits for its last submission and starts to record.
     *
     * @param again whether it may be submitted again before it is done
     */
    public Commands begin(boolean again) {
        await();
        try (MemoryStack stack = stackPush()) {
            var info = VkCommandBufferBeginInfo.calloc(stack)
                    .sType$Default()
                    .flags(again ? VK_COMMAND_BUFFER_USAGE_SIMULTANEOUS_USE_BIT : 0);
            Results.check(vkBeginCommandBuffer(buffer, info), "vkBeginCommandBuffer");
        }
        return barrier();
    }

    /** What follows sees what came before, in this buffer and in those submitted earlier. */
    public Commands barrier() {
        try (MemoryStack stack = stackPush()) {
            int writers = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
            int readers = writers | VK_PIPELINE_STAGE_DRAW_INDIRECT_BIT;
            var all = VkMemoryBarrier.calloc(1, stack);
            all.get(0)
                    .sType$Default()
                    .srcAccessMask(VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT)
                    .dstAccessMask(VK_ACCESS_INDIRECT_COMMAND_READ_BIT
                            | VK_ACCESS_SHADER_READ_BIT
                            | VK_ACCESS_SHADER_WRITE_BIT
                            | VK_ACCESS_TRANSFER_READ_BIT
                            | VK_ACCESS_TRANSFER_WRITE_BIT);
            vkCmdPipelineBarrier(buffer, writers, readers, 0, all, null, null);
        }
        return this;
    }

    /** Launches a pipeline over as many work groups as the tally at an offset of {@code tallies} says. */
    public Commands dispatch(Pipelines pipelines, long pipeline, long params, Allocation tallies, long offset) {
        try (MemoryStack stack = stackPush()) {
            bind(stack, pipelines, pipeline, params, tallies.address() + offset);
            vkCmdDispatchIndirect(buffer, tallies.buffer(), offset);
        }
        return barrier();
    }

    /** Launches one work group of a pipeline that changes the tally. */
    public Commands dispatchOne(Pipelines pipelines, long pipeline, Allocation tallies, long offset) {
        try (MemoryStack stack = stackPush()) {
            bind(stack, pipelines, pipeline, 0, tallies.address() + offset);
            vkCmdDispatch(buffer, 1, 1, 1);
        }
        return barrier();
    }

    private void bind(MemoryStack stack, Pipelines pipelines, long pipeline, long params, long tally) {
        vkCmdBindPipeline(buffer, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
        vkCmdPushConstants(buffer, pipelines.layout(), VK_SHADER_STAGE_COMPUTE_BIT, 0, stack.longs(params, tally));
    }

    /** Copies bytes. */
    public Commands copy(Allocation from, long fromOffset, Allocation to, long toOffset, long sizeBytes) {
        try (MemoryStack stack = stackPush()) {
            var region = VkBufferCopy.calloc(1, stack);
            region.get(0).srcOffset(fromOffset).dstOffset(toOffset).size(sizeBytes);
            vkCmdCopyBuffer(buffer, from.buffer(), to.buffer(), region);
        }
        return barrier();
    }

    /** Fills bytes, offset and size multiples of 4. */
    public Commands fill(Allocation to, long offset, long sizeBytes, int value) {
        vkCmdFillBuffer(buffer, to.buffer(), offset, sizeBytes, value);
        return barrier();
    }

    /** Ends the recording; what the host reads after waiting sees all of it. */
    public Commands end() {
        try (MemoryStack stack = stackPush()) {
            var toHost = VkMemoryBarrier.calloc(1, stack);
            toHost.get(0)
                    .sType$Default()
                    .srcAccessMask(VK_ACCESS_TRANSFER_WRITE_BIT | VK_ACCESS_SHADER_WRITE_BIT)
                    .dstAccessMask(VK_ACCESS_HOST_READ_BIT);
            vkCmdPipelineBarrier(
                    buffer,
                    VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
                    VK_PIPELINE_STAGE_HOST_BIT,
                    0,
                    toHost,
                    null,
                    null);
        }
        Results.check(vkEndCommandBuffer(buffer), "vkEndCommandBuffer");
        return this;
    }

    /** Enqueues the recording. */
    public void submit() {
        lastPoint = device.submit(buffer);
    }

    /** Waits until the last submission is done; returns at once if there was none. */
    public void await() {
        device.await(lastPoint);
    }

    @Override
    public void close() {
        await();
        device.destroy(() -> vkDestroyCommandPool(device.handle(), pool, null));
    }
}
