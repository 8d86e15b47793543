package dev.filigree.vulkan.device;

import static org.lwjgl.system.MemoryStack.stackPush;
import static org.lwjgl.system.MemoryUtil.memByteBuffer;
import static org.lwjgl.vulkan.VK10.*;
import static org.lwjgl.vulkan.VK12.*;

import dev.filigree.api.tensor.OutOfMemoryException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkBufferCreateInfo;
import org.lwjgl.vulkan.VkBufferDeviceAddressInfo;
import org.lwjgl.vulkan.VkMemoryAllocateFlagsInfo;
import org.lwjgl.vulkan.VkMemoryAllocateInfo;
import org.lwjgl.vulkan.VkMemoryRequirements;
import org.lwjgl.vulkan.VkPhysicalDeviceMemoryProperties;

/** One buffer with memory of its own, known to shaders by its address. */
public final class Allocation implements AutoCloseable {
    private static final int SHARED = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;

    private final Device device;
    private final long sizeBytes;
    private final long buffer;
    private final long memory;
    private final long address;
    private final long mapped;

    private Allocation(Device device, long sizeBytes, long buffer, long memory, long address, long mapped) {
        this.device = device;
        this.sizeBytes = sizeBytes;
        this.buffer = buffer;
        this.memory = memory;
        this.address = address;
        this.mapped = mapped;
    }

    /** Memory of the device. */
    public static Allocation local(Device device, long sizeBytes) {
        return make(device, sizeBytes, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, false);
    }

    /**
     * Memory that the host writes and shaders read, coherent: on the device where the host reaches it there, since what every work
     * group reads must not come over the bus.
     */
    public static Allocation parameters(Device device, long sizeBytes) {
        int local = SHARED | VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
        return make(device, sizeBytes, has(device, local) ? local : SHARED, true);
    }

    /** Memory of the host that copies go through, coherent. */
    public static Allocation shared(Device device, long sizeBytes) {
        return make(device, sizeBytes, SHARED, true);
    }

    private static Allocation make(Device device, long sizeBytes, int wanted, boolean map) {
        long size = Math.max(16, (sizeBytes + 15) / 16 * 16);
        if (size > device.physical().maxAllocationBytes()) {
            throw new OutOfMemoryException(
                    sizeBytes,
                    device.physical().name(),
                    "one allocation may have at most " + device.physical().maxAllocationBytes() + " bytes");
        }
        try (MemoryStack stack = stackPush()) {
            var out = stack.mallocLong(1);
            var info = VkBufferCreateInfo.calloc(stack)
                    .sType$Default()
                    .size(size)
                    .usage(VK_BUFFER_USAGE_STORAGE_BUFFER_BIT
                            | VK_BUFFER_USAGE_TRANSFER_SRC_BIT
                            | VK_BUFFER_USAGE_TRANSFER_DST_BIT
                            | VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT
                            | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT);
            Results.check(vkCreateBuffer(device.handle(), info, null, out), "vkCreateBuffer");
            long buffer = out.get(0);
            var needs = VkMemoryRequirements.calloc(stack);
            vkGetBufferMemoryRequirements(device.handle(), buffer, needs);
            var flags = VkMemoryAllocateFlagsInfo.calloc(stack)
                    .sType$Default()
                    .flags(VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT);
            var request = VkMemoryAllocateInfo.calloc(stack)
                    .sType$Default()
                    .pNext(flags.address())
                    .allocationSize(needs.size())
                    .memoryTypeIndex(type(stack, device, needs.memoryTypeBits(), wanted));
            int result = vkAllocateMemory(device.handle(), request, null, out);
            if (result != VK_SUCCESS) {
                vkDestroyBuffer(device.handle(), buffer, null);
                if (result == VK_ERROR_OUT_OF_DEVICE_MEMORY || result == VK_ERROR_OUT_OF_HOST_MEMORY) {
                    throw new OutOfMemoryException(
                            sizeBytes,
                            device.physical().name(),
                            "the driver gave no more of " + device.physical().memoryBytes()
                                    + " bytes; lower the cache budget");
                }
                Results.check(result, "vkAllocateMemory");
            }
            long memory = out.get(0);
            Results.check(vkBindBufferMemory(device.handle(), buffer, memory, 0), "vkBindBufferMemory");
            long address = vkGetBufferDeviceAddress(
                    device.handle(),
                    VkBufferDeviceAddressInfo.calloc(stack).sType$Default().buffer(buffer));
            long mapped = 0;
            if (map) {
                var pointer = stack.mallocPointer(1);
                Results.check(vkMapMemory(device.handle(), memory, 0, VK_WHOLE_SIZE, 0, pointer), "vkMapMemory");
                mapped = pointer.get(0);
            }
            return new Allocation(device, size, buffer, memory, address, mapped);
        }
    }

    private static boolean has(Device device, int wanted) {
        try (MemoryStack stack = stackPush()) {
            var memory = VkPhysicalDeviceMemoryProperties.calloc(stack);
            vkGetPhysicalDeviceMemoryProperties(device.physical().handle(), memory);
            return memory.memoryTypes().stream()
                    .limit(memory.memoryTypeCount())
                    .anyMatch(t -> (t.propertyFlags() & wanted) == wanted);
        }
    }

    private static int type(MemoryStack stack, Device device, int allowed, int wanted) {
        var memory = VkPhysicalDeviceMemoryProperties.calloc(stack);
        vkGetPhysicalDeviceMemoryProperties(device.physical().handle(), memory);
        for (int i = 0; i < memory.memoryTypeCount(); i++) {
            if ((allowed >> i & 1) != 0 && (memory.memoryTypes(i).propertyFlags() & wanted) == wanted) {
                return i;
            }
        }
        throw new OutOfMemoryException(0, device.physical().name(), "no memory type with properties " + wanted);
    }

    long buffer() {
        return buffer;
    }

    /** Where shaders find it. */
    public long address() {
        return address;
    }

    /** Size in bytes, a multiple of 16. */
    public long sizeBytes() {
        return sizeBytes;
    }

    /** The bytes of shared memory. */
    public ByteBuffer bytes() {
        return memByteBuffer(mapped, Math.toIntExact(sizeBytes)).order(ByteOrder.nativeOrder());
    }

    @Override
    public void close() {
        device.destroy(() -> {
            vkDestroyBuffer(device.handle(), buffer, null);
            vkFreeMemory(device.handle(), memory, null);
        });
    }
}
