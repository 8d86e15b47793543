package dev.filigree.vulkan.device;

import static org.lwjgl.vulkan.KHRCooperativeMatrix.VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME;
import static org.lwjgl.vulkan.KHRShaderBfloat16.VK_KHR_SHADER_BFLOAT16_EXTENSION_NAME;
import static org.lwjgl.vulkan.NVCooperativeMatrix2.VK_NV_COOPERATIVE_MATRIX_2_EXTENSION_NAME;

import dev.filigree.api.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import org.lwjgl.PointerBuffer;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkDeviceCreateInfo;
import org.lwjgl.vulkan.VkPhysicalDeviceCooperativeMatrix2FeaturesNV;
import org.lwjgl.vulkan.VkPhysicalDeviceCooperativeMatrixFeaturesKHR;
import org.lwjgl.vulkan.VkPhysicalDeviceFeatures2;
import org.lwjgl.vulkan.VkPhysicalDeviceShaderBfloat16FeaturesKHR;
import org.lwjgl.vulkan.VkPhysicalDeviceVulkan11Features;
import org.lwjgl.vulkan.VkPhysicalDeviceVulkan12Features;

/** What a device is opened with: the features every shader needs, and those of matrices where they are used. */
final class Features {

    private Features() {}

    /** Adds features and extensions to the creation of a device. */
    static void enable(MemoryStack stack, PhysicalDevice physical, VkDeviceCreateInfo info) {
        var twelve = VkPhysicalDeviceVulkan12Features.calloc(stack)
                .sType$Default()
                .shaderInt8(true)
                .storageBuffer8BitAccess(true)
                .bufferDeviceAddress(true)
                .scalarBlockLayout(true)
                .timelineSemaphore(true);
        if (physical.matrices().inHardware()) {
            matrices(stack, physical, info, twelve);
        }
        var eleven = VkPhysicalDeviceVulkan11Features.calloc(stack)
                .sType$Default()
                .storageBuffer16BitAccess(true)
                .pNext(twelve.address());
        var features = VkPhysicalDeviceFeatures2.calloc(stack).sType$Default().pNext(eleven.address());
        features.features().shaderInt64(true).shaderInt16(true).shaderFloat64(true);
        info.pNext(features.address());
    }

    private static void matrices(
            MemoryStack stack,
            PhysicalDevice physical,
            VkDeviceCreateInfo info,
            VkPhysicalDeviceVulkan12Features twelve) {
        twelve.vulkanMemoryModel(true).shaderFloat16(true);
        var cooperative = VkPhysicalDeviceCooperativeMatrixFeaturesKHR.calloc(stack)
                .sType$Default()
                .cooperativeMatrix(true);
        twelve.pNext(cooperative.address());
        List<String> extensions = new ArrayList<>(List.of(VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME));
        if (physical.matrices().includes(DType.BF16)) {
            extensions.add(VK_KHR_SHADER_BFLOAT16_EXTENSION_NAME);
            cooperative.pNext(VkPhysicalDeviceShaderBfloat16FeaturesKHR.calloc(stack)
                    .sType$Default()
                    .shaderBFloat16Type(true)
                    .shaderBFloat16CooperativeMatrix(true)
                    .address());
        }
        if (!physical.matrices().workgroup().isEmpty()) {
            extensions.add(VK_NV_COOPERATIVE_MATRIX_2_EXTENSION_NAME);
            twelve.pNext(VkPhysicalDeviceCooperativeMatrix2FeaturesNV.calloc(stack)
                    .sType$Default()
                    .cooperativeMatrixWorkgroupScope(true)
                    .cooperativeMatrixFlexibleDimensions(true)
                    .cooperativeMatrixReductions(true)
                    .cooperativeMatrixConversions(true)
                    .cooperativeMatrixPerElementOperations(true)
                    .cooperativeMatrixTensorAddressing(true)
                    .pNext(cooperative.address())
                    .address());
        }
        PointerBuffer names = stack.mallocPointer(extensions.size());
        extensions.forEach(name -> names.put(stack.UTF8(name)));
        info.ppEnabledExtensionNames(names.flip());
    }
}
