package dev.filigree.vulkan.device;

import static org.lwjgl.system.MemoryStack.stackPush;
import static org.lwjgl.vulkan.VK10.*;
import static org.lwjgl.vulkan.VK11.vkGetPhysicalDeviceFeatures2;
import static org.lwjgl.vulkan.VK11.vkGetPhysicalDeviceProperties2;
import static org.lwjgl.vulkan.VK13.VK_API_VERSION_1_3;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkPhysicalDevice;
import org.lwjgl.vulkan.VkPhysicalDeviceFeatures2;
import org.lwjgl.vulkan.VkPhysicalDeviceMaintenance3Properties;
import org.lwjgl.vulkan.VkPhysicalDeviceMemoryProperties;
import org.lwjgl.vulkan.VkPhysicalDeviceProperties2;
import org.lwjgl.vulkan.VkPhysicalDeviceVulkan11Features;
import org.lwjgl.vulkan.VkPhysicalDeviceVulkan11Properties;
import org.lwjgl.vulkan.VkPhysicalDeviceVulkan12Features;

/**
 * What a physical device offers.
 *
 * @param handle of Vulkan
 * @param name for people
 * @param software whether it is computed by a processor
 * @param subgroupSize lanes of a subgroup
 * @param memoryBytes its largest device-local heap
 * @param maxAllocationBytes largest single allocation
 * @param driver what distinguishes pipeline caches: vendor, device, driver version
 * @param matrices what it multiplies as matrices
 * @param missing features it lacks, empty if it can be used
 */
public record PhysicalDevice(
        VkPhysicalDevice handle,
        String name,
        boolean software,
        int subgroupSize,
        long memoryBytes,
        long maxAllocationBytes,
        String driver,
        Matrices matrices,
        List<String> missing) {

    /** The same with other matrices. */
    public PhysicalDevice with(Matrices other) {
        return new PhysicalDevice(
                handle, name, software, subgroupSize, memoryBytes, maxAllocationBytes, driver, other, missing);
    }

    /** What the shaders over matrices take of shared memory at most. */
    private static final int MATRIX_SHARED_BYTES = 45 << 10;

    static final Comparator<PhysicalDevice> BEST_FIRST = Comparator.comparing(
                    (PhysicalDevice d) -> !d.missing().isEmpty())
            .thenComparing(PhysicalDevice::software)
            .thenComparing(Comparator.comparingLong(PhysicalDevice::memoryBytes).reversed());

    static PhysicalDevice of(VkPhysicalDevice device) {
        try (MemoryStack stack = stackPush()) {
            var limits = VkPhysicalDeviceMaintenance3Properties.calloc(stack).sType$Default();
            var eleven = VkPhysicalDeviceVulkan11Properties.calloc(stack)
                    .sType$Default()
                    .pNext(limits.address());
            var all = VkPhysicalDeviceProperties2.calloc(stack).sType$Default().pNext(eleven.address());
            vkGetPhysicalDeviceProperties2(device, all);
            var p = all.properties();
            var memory = VkPhysicalDeviceMemoryProperties.calloc(stack);
            vkGetPhysicalDeviceMemoryProperties(device, memory);
            long largest = 0;
            for (int i = 0; i < memory.memoryHeapCount(); i++) {
                boolean local = (memory.memoryHeaps(i).flags() & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0;
                largest = local ? Math.max(largest, memory.memoryHeaps(i).size()) : largest;
            }
            return new PhysicalDevice(
                    device,
                    p.deviceNameString(),
                    p.deviceType() == VK_PHYSICAL_DEVICE_TYPE_CPU,
                    eleven.subgroupSize(),
                    largest,
                    limits.maxMemoryAllocationSize(),
                    Integer.toHexString(p.vendorID()) + "-" + Integer.toHexString(p.deviceID()) + "-"
                            + Integer.toHexString(p.driverVersion()),
                    p.limits().maxComputeSharedMemorySize() >= MATRIX_SHARED_BYTES
                                    && p.apiVersion() >= VK_API_VERSION_1_3
                            ? CooperativeMatrices.of(stack, device)
                            : Matrices.NONE,
                    missing(stack, device, p.apiVersion()));
        }
    }

    private static List<String> missing(MemoryStack stack, VkPhysicalDevice device, int apiVersion) {
        List<String> missing = new ArrayList<>();
        if (apiVersion < VK_API_VERSION_1_3) {
            missing.add("Vulkan 1.3");
            return missing;
        }
        var twelve = VkPhysicalDeviceVulkan12Features.calloc(stack).sType$Default();
        var eleven =
                VkPhysicalDeviceVulkan11Features.calloc(stack).sType$Default().pNext(twelve.address());
        var all = VkPhysicalDeviceFeatures2.calloc(stack).sType$Default().pNext(eleven.address());
        vkGetPhysicalDeviceFeatures2(device, all);
        require(missing, all.features().shaderInt64(), "shaderInt64");
        require(missing, all.features().shaderInt16(), "shaderInt16");
        require(missing, all.features().shaderFloat64(), "shaderFloat64");
        require(missing, twelve.shaderInt8(), "shaderInt8");
        require(missing, twelve.storageBuffer8BitAccess(), "storageBuffer8BitAccess");
        require(missing, eleven.storageBuffer16BitAccess(), "storageBuffer16BitAccess");
        require(missing, twelve.bufferDeviceAddress(), "bufferDeviceAddress");
        require(missing, twelve.scalarBlockLayout(), "scalarBlockLayout");
        require(missing, twelve.timelineSemaphore(), "timelineSemaphore");
        return missing;
    }

    private static void require(List<String> missing, boolean present, String feature) {
        if (!present) {
            missing.add(feature);
        }
    }
}
