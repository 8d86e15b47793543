package dev.filigree.vulkan.device;

import static org.lwjgl.system.MemoryStack.stackPush;
import static org.lwjgl.vulkan.VK10.*;
import static org.lwjgl.vulkan.VK12.*;

import dev.filigree.api.backend.BackendException;
import java.util.concurrent.locks.ReentrantLock;
import org.lwjgl.PointerBuffer;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkCommandBuffer;
import org.lwjgl.vulkan.VkDevice;
import org.lwjgl.vulkan.VkDeviceCreateInfo;
import org.lwjgl.vulkan.VkDeviceQueueCreateInfo;
import org.lwjgl.vulkan.VkQueue;
import org.lwjgl.vulkan.VkQueueFamilyProperties;
import org.lwjgl.vulkan.VkSemaphoreCreateInfo;
import org.lwjgl.vulkan.VkSemaphoreTypeCreateInfo;
import org.lwjgl.vulkan.VkSemaphoreWaitInfo;
import org.lwjgl.vulkan.VkSubmitInfo;
import org.lwjgl.vulkan.VkTimelineSemaphoreSubmitInfo;

/** A logical device with one compute queue and one timeline that counts what was submitted. Thread-safe. */
public final class Device implements AutoCloseable {
    /** How long a wait stays inside the driver before it looks whether the virtual machine exits. */
    private static final long WAIT_NANOS = 50_000_000;

    private final Instance instance;
    private final PhysicalDevice physical;
    private final long sliceOperations;
    private final VkDevice handle;
    private final VkQueue queue;
    private final int family;
    private final long timeline;
    private final ReentrantLock lock = new ReentrantLock();
    private final Exit exit;
    private long submitted;

    /**
     * Opens a device; the instance is closed with it.
     *
     * @param sliceOperations about how many operations one dispatch may take
     */
    public Device(Instance instance, PhysicalDevice physical, long sliceOperations) {
        this.instance = instance;
        this.physical = physical;
        this.sliceOperations = sliceOperations;
        try (MemoryStack stack = stackPush()) {
            family = computeFamily(stack);
            var queues = VkDeviceQueueCreateInfo.calloc(1, stack);
            queues.get(0).sType$Default().queueFamilyIndex(family).pQueuePriorities(stack.floats(1f));
            var info = VkDeviceCreateInfo.calloc(stack).sType$Default().pQueueCreateInfos(queues);
            Features.enable(stack, physical, info);
            PointerBuffer pointer = stack.mallocPointer(1);
            Results.check(vkCreateDevice(physical.handle(), info, null, pointer), "vkCreateDevice");
            handle = new VkDevice(pointer.get(0), physical.handle(), info);
            vkGetDeviceQueue(handle, family, 0, pointer);
            queue = new VkQueue(pointer.get(0), handle);
            var type =
                    VkSemaphoreTypeCreateInfo.calloc(stack).sType$Default().semaphoreType(VK_SEMAPHORE_TYPE_TIMELINE);
            var semaphore = stack.mallocLong(1);
            var create = VkSemaphoreCreateInfo.calloc(stack).sType$Default().pNext(type.address());
            Results.check(vkCreateSemaphore(handle, create, null, semaphore), "vkCreateSemaphore");
            timeline = semaphore.get(0);
            exit = new Exit(handle);
        }
    }

    private int computeFamily(MemoryStack stack) {
        var count = stack.mallocInt(1);
        vkGetPhysicalDeviceQueueFamilyProperties(physical.handle(), count, null);
        var families = VkQueueFamilyProperties.calloc(count.get(0), stack);
        vkGetPhysicalDeviceQueueFamilyProperties(physical.handle(), count, families);
        for (int i = 0; i < families.capacity(); i++) {
            if ((families.get(i).queueFlags() & VK_QUEUE_COMPUTE_BIT) != 0) {
                return i;
            }
        }
        throw new BackendException(
                "vulkan: " + physical.name() + " has no compute queue; name another in backend.device", null);
    }

    VkDevice handle() {
        return handle;
    }

    int family() {
        return family;
    }

    /** What it runs on. */
    public PhysicalDevice physical() {
        return physical;
    }

    /** About how many operations one dispatch may take. */
    public long sliceOperations() {
        return sliceOperations;
    }

    /** Lanes of a work group: a subgroup where a processor plays the device, since barriers are dear there. */
    public int lanes() {
        return physical.software() ? physical.subgroupSize() : Math.max(64, physical.subgroupSize());
    }

    /** Submits a recorded command buffer; returns the point of the timeline at which it is done. */
    long submit(VkCommandBuffer commands) {
        exit.enter();
        lock.lock();
        try (MemoryStack stack = stackPush()) {
            long point = submitted + 1;
            var values = VkTimelineSemaphoreSubmitInfo.calloc(stack)
                    .sType$Default()
                    .signalSemaphoreValueCount(1)
                    .pSignalSemaphoreValues(stack.longs(point));
            var info = VkSubmitInfo.calloc(stack)
                    .sType$Default()
                    .pNext(values.address())
                    .pCommandBuffers(stack.pointers(commands))
                    .pSignalSemaphores(stack.longs(timeline));
            Results.check(vkQueueSubmit(queue, info, VK_NULL_HANDLE), "vkQueueSubmit");
            submitted = point;
            return point;
        } finally {
            lock.unlock();
            exit.leave();
        }
    }

    /** Waits until a point of the timeline is reached; a message of the validation layers is an error. */
    void await(long point) {
        boolean reached = false;
        while (!reached) {
            exit.enter();
            try (MemoryStack stack = stackPush()) {
                var info = VkSemaphoreWaitInfo.calloc(stack)
                        .sType$Default()
                        .semaphoreCount(1)
                        .pSemaphores(stack.longs(timeline))
                        .pValues(stack.longs(point));
                int result = vkWaitSemaphores(handle, info, WAIT_NANOS);
                reached = result != VK_TIMEOUT;
                if (reached) {
                    Results.check(result, "vkWaitSemaphores");
                }
            } finally {
                exit.leave();
            }
        }
        String message = instance.nextMessage();
        if (message != null) {
            throw new BackendException("vulkan: validation says " + message, null);
        }
    }

    /** Destroys something on the device, unless the virtual machine exits. */
    void destroy(Runnable destruction) {
        if (exit.enters()) {
            try {
                destruction.run();
            } finally {
                exit.leave();
            }
        }
    }

    @Override
    public void close() {
        destroy(() -> {
            vkDeviceWaitIdle(handle);
            vkDestroySemaphore(handle, timeline, null);
            vkDestroyDevice(handle, null);
            exit.close();
            instance.close();
        });
    }
}
