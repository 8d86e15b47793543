package dev.filigree.vulkan.device;

import static org.lwjgl.vulkan.KHRCooperativeMatrix.VK_COMPONENT_TYPE_FLOAT16_KHR;
import static org.lwjgl.vulkan.KHRCooperativeMatrix.VK_COMPONENT_TYPE_FLOAT32_KHR;
import static org.lwjgl.vulkan.KHRCooperativeMatrix.VK_SCOPE_WORKGROUP_KHR;
import static org.lwjgl.vulkan.KHRShaderBfloat16.VK_COMPONENT_TYPE_BFLOAT16_KHR;
import static org.lwjgl.vulkan.NVCooperativeMatrix2.vkGetPhysicalDeviceCooperativeMatrixFlexibleDimensionsPropertiesNV;
import static org.lwjgl.vulkan.VK11.vkGetPhysicalDeviceFeatures2;

import dev.filigree.api.tensor.DType;
import java.util.EnumSet;
import java.util.Set;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkCooperativeMatrixFlexibleDimensionsPropertiesNV;
import org.lwjgl.vulkan.VkPhysicalDevice;
import org.lwjgl.vulkan.VkPhysicalDeviceCooperativeMatrix2FeaturesNV;
import org.lwjgl.vulkan.VkPhysicalDeviceFeatures2;

/** Which 16-bit types a device multiplies as matrices of a work group with sums in fp32 (VK_NV_cooperative_matrix2). */
final class WorkgroupMatrices {
    private static final String PROPERTIES = "vkGetPhysicalDeviceCooperativeMatrixFlexibleDimensionsPropertiesNV";

    /** What the shaders' tiles are multiples of. */
    private static final int GRAIN = 32;

    private WorkgroupMatrices() {}

    /** Those of the types that serve; call only where the device lists the extension. */
    static Set<DType> of(MemoryStack stack, VkPhysicalDevice device, Set<DType> types) {
        Set<DType> served = EnumSet.noneOf(DType.class);
        var two = VkPhysicalDeviceCooperativeMatrix2FeaturesNV.calloc(stack).sType$Default();
        vkGetPhysicalDeviceFeatures2(
                device, VkPhysicalDeviceFeatures2.calloc(stack).sType$Default().pNext(two.address()));
        boolean whole = two.cooperativeMatrixWorkgroupScope()
                && two.cooperativeMatrixFlexibleDimensions()
                && two.cooperativeMatrixReductions()
                && two.cooperativeMatrixConversions()
                && two.cooperativeMatrixPerElementOperations()
                && two.cooperativeMatrixTensorAddressing();
        if (!whole) {
            return served;
        }
        var count = stack.mallocInt(1);
        Results.check(
                vkGetPhysicalDeviceCooperativeMatrixFlexibleDimensionsPropertiesNV(device, count, null), PROPERTIES);
        try (var all = VkCooperativeMatrixFlexibleDimensionsPropertiesNV.calloc(count.get(0))) {
            all.forEach(p -> p.sType$Default());
            Results.check(
                    vkGetPhysicalDeviceCooperativeMatrixFlexibleDimensionsPropertiesNV(device, count, all), PROPERTIES);
            for (DType type : types) {
                if (all.stream().anyMatch(p -> serves(p, type))) {
                    served.add(type);
                }
            }
        }
        return served;
    }

    private static boolean serves(VkCooperativeMatrixFlexibleDimensionsPropertiesNV p, DType type) {
        int component = type == DType.BF16 ? VK_COMPONENT_TYPE_BFLOAT16_KHR : VK_COMPONENT_TYPE_FLOAT16_KHR;
        return p.AType() == component
                && p.BType() == component
                && p.CType() == VK_COMPONENT_TYPE_FLOAT32_KHR
                && p.ResultType() == VK_COMPONENT_TYPE_FLOAT32_KHR
                && p.scope() == VK_SCOPE_WORKGROUP_KHR
                && p.workgroupInvocations() == Matrices.WORKGROUP
                && GRAIN % p.MGranularity() == 0
                && GRAIN % p.NGranularity() == 0
                && GRAIN % p.KGranularity() == 0;
    }
}
