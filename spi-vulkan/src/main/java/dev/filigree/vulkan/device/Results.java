package dev.filigree.vulkan.device;

import static org.lwjgl.vulkan.VK10.VK_ERROR_DEVICE_LOST;
import static org.lwjgl.vulkan.VK10.VK_ERROR_EXTENSION_NOT_PRESENT;
import static org.lwjgl.vulkan.VK10.VK_ERROR_FEATURE_NOT_PRESENT;
import static org.lwjgl.vulkan.VK10.VK_ERROR_INCOMPATIBLE_DRIVER;
import static org.lwjgl.vulkan.VK10.VK_ERROR_LAYER_NOT_PRESENT;
import static org.lwjgl.vulkan.VK10.VK_SUCCESS;

import dev.filigree.api.backend.BackendException;

/** Turns result codes of Vulkan calls into exceptions that say what to try. */
final class Results {

    private Results() {}

    static void check(int result, String call) {
        if (result == VK_SUCCESS) {
            return;
        }
        if (result == VK_ERROR_DEVICE_LOST) {
            throw new DeviceLostException(call);
        }
        throw new BackendException("vulkan: " + call + " failed with " + name(result), null);
    }

    private static String name(int result) {
        return switch (result) {
            case -1 -> "VK_ERROR_OUT_OF_HOST_MEMORY: close other programs or lower the cache budget";
            case -2 ->
                "VK_ERROR_OUT_OF_DEVICE_MEMORY: lower the cache budget, or name another device in backend.device";
            case VK_ERROR_INCOMPATIBLE_DRIVER -> "VK_ERROR_INCOMPATIBLE_DRIVER: install a driver for Vulkan 1.3";
            case VK_ERROR_LAYER_NOT_PRESENT ->
                "VK_ERROR_LAYER_NOT_PRESENT: install the validation layers, or set backend.validation to 0";
            case VK_ERROR_EXTENSION_NOT_PRESENT -> "VK_ERROR_EXTENSION_NOT_PRESENT: update the driver";
            case VK_ERROR_FEATURE_NOT_PRESENT -> "VK_ERROR_FEATURE_NOT_PRESENT: update the driver";
            default -> "VkResult " + result;
        };
    }
}
