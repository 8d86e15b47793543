package dev.filigree.vulkan.device;

import static org.lwjgl.vulkan.KHRCooperativeMatrix.*;
import static org.lwjgl.vulkan.KHRShaderBfloat16.VK_COMPONENT_TYPE_BFLOAT16_KHR;
import static org.lwjgl.vulkan.KHRShaderBfloat16.VK_KHR_SHADER_BFLOAT16_EXTENSION_NAME;
import static org.lwjgl.vulkan.NVCooperativeMatrix2.VK_NV_COOPERATIVE_MATRIX_2_EXTENSION_NAME;
import static org.lwjgl.vulkan.VK10.vkEnumerateDeviceExtensionProperties;
import static org.lwjgl.vulkan.VK11.vkGetPhysicalDeviceFeatures2;

import dev.filigree.api.tensor.DType;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Set;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkCooperativeMatrixPropertiesKHR;
import org.lwjgl.vulkan.VkExtensionProperties;
import org.lwjgl.vulkan.VkPhysicalDevice;
import org.lwjgl.vulkan.VkPhysicalDeviceCooperativeMatrixFeaturesKHR;
import org.lwjgl.vulkan.VkPhysicalDeviceFeatures2;
import org.lwjgl.vulkan.VkPhysicalDeviceShaderBfloat16FeaturesKHR;
import org.lwjgl.vulkan.VkPhysicalDeviceVulkan12Features;

/** Which 16-bit types a device multiplies as fragments of 16 x 16 x 16 with sums in fp32 (VK_KHR_cooperative_matrix). */
final class CooperativeMatrices {
    private static final int SIZE = 16;

    private CooperativeMatrices() {}

    /** Asks only for what the device lists. */
    static Matrices of(MemoryStack stack, VkPhysicalDevice device) {
        Set<String> extensions = extensions(stack, device);
        if (!extensions.contains(VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME)
                || device.getCapabilities().vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR == 0) {
            return Matrices.NONE;
        }
        Set<DType> known = known(stack, device, extensions.contains(VK_KHR_SHADER_BFLOAT16_EXTENSION_NAME));
        Set<Integer> components = known.isEmpty() ? Set.of() : components(stack, device);
        Set<DType> types = EnumSet.noneOf(DType.class);
        for (DType type : known) {
            if (components.contains(
                    type == DType.F16 ? VK_COMPONENT_TYPE_FLOAT16_KHR : VK_COMPONENT_TYPE_BFLOAT16_KHR)) {
                types.add(type);
            }
        }
        boolean two = extensions.contains(VK_NV_COOPERATIVE_MATRIX_2_EXTENSION_NAME)
                && device.getCapabilities().vkGetPhysicalDeviceCooperativeMatrixFlexibleDimensionsPropertiesNV != 0;
        return new Matrices(types, two ? WorkgroupMatrices.of(stack, device, known) : Set.of(), false);
    }

    /** Types that shaders may use in matrices of any kind. */
    private static Set<DType> known(MemoryStack stack, VkPhysicalDevice device, boolean knowsBf16) {
        Set<DType> types = EnumSet.noneOf(DType.class);
        var bf16 = VkPhysicalDeviceShaderBfloat16FeaturesKHR.calloc(stack).sType$Default();
        var matrices = VkPhysicalDeviceCooperativeMatrixFeaturesKHR.calloc(stack)
                .sType$Default()
                .pNext(knowsBf16 ? bf16.address() : 0);
        var twelve =
                VkPhysicalDeviceVulkan12Features.calloc(stack).sType$Default().pNext(matrices.address());
        var all = VkPhysicalDeviceFeatures2.calloc(stack).sType$Default().pNext(twelve.address());
        vkGetPhysicalDeviceFeatures2(device, all);
        if (!matrices.cooperativeMatrix() || !twelve.vulkanMemoryModel() || !twelve.shaderFloat16()) {
            return types;
        }
        types.add(DType.F16);
        if (knowsBf16 && bf16.shaderBFloat16CooperativeMatrix()) {
            types.add(DType.BF16);
        }
        return types;
    }

    private static Set<Integer> components(MemoryStack stack, VkPhysicalDevice device) {
        Set<Integer> components = new HashSet<>();
        var count = stack.mallocInt(1);
        Results.check(
                vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR(device, count, null),
                "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR");
        try (var all = VkCooperativeMatrixPropertiesKHR.calloc(count.get(0))) {
            all.forEach(p -> p.sType$Default());
            Results.check(
                    vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR(device, count, all),
                    "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR");
            for (var p : all) {
                boolean size = p.MSize() == SIZE && p.NSize() == SIZE && p.KSize() == SIZE;
                boolean types = p.AType() == p.BType()
                        && p.CType() == VK_COMPONENT_TYPE_FLOAT32_KHR
                        && p.ResultType() == VK_COMPONENT_TYPE_FLOAT32_KHR;
                if (size && types && p.scope() == VK_SCOPE_SUBGROUP_KHR) {
                    components.add(p.AType());
                }
            }
        }
        return components;
    }

    private static Set<String> extensions(MemoryStack stack, VkPhysicalDevice device) {
        var count = stack.mallocInt(1);
        Results.check(
                vkEnumerateDeviceExtensionProperties(device, (ByteBuffer) null, count, null),
                "vkEnumerateDeviceExtensionProperties");
        Set<String> names = new HashSet<>();
        try (var all = VkExtensionProperties.calloc(count.get(0))) {
            Results.check(
                    vkEnumerateDeviceExtensionProperties(device, (ByteBuffer) null, count, all),
                    "vkEnumerateDeviceExtensionProperties");
            all.forEach(e -> names.add(e.extensionNameString()));
        }
        return names;
    }
}
