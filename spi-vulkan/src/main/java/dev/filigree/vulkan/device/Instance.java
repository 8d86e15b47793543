package dev.filigree.vulkan.device;

import static org.lwjgl.system.MemoryStack.stackPush;
import static org.lwjgl.vulkan.EXTDebugUtils.*;
import static org.lwjgl.vulkan.VK10.*;
import static org.lwjgl.vulkan.VK13.VK_API_VERSION_1_3;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.lwjgl.PointerBuffer;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkApplicationInfo;
import org.lwjgl.vulkan.VkDebugUtilsMessengerCallbackDataEXT;
import org.lwjgl.vulkan.VkDebugUtilsMessengerCallbackEXT;
import org.lwjgl.vulkan.VkDebugUtilsMessengerCreateInfoEXT;
import org.lwjgl.vulkan.VkInstance;
import org.lwjgl.vulkan.VkInstanceCreateInfo;
import org.lwjgl.vulkan.VkPhysicalDevice;

/** The Vulkan instance, with the validation layers if asked for. */
public final class Instance implements AutoCloseable {
    private static final String VALIDATION = "VK_LAYER_KHRONOS_validation";

    private final VkInstance handle;
    private final Queue<String> messages = new ConcurrentLinkedQueue<>();
    private final @Nullable VkDebugUtilsMessengerCallbackEXT callback;
    private long messenger;

    /** Opens the loader; throws what LWJGL throws where there is none. */
    public Instance(boolean validation) {
        try (MemoryStack stack = stackPush()) {
            VkApplicationInfo app =
                    VkApplicationInfo.calloc(stack).sType$Default().apiVersion(VK_API_VERSION_1_3);
            VkInstanceCreateInfo info =
                    VkInstanceCreateInfo.calloc(stack).sType$Default().pApplicationInfo(app);
            if (validation) {
                info.ppEnabledLayerNames(stack.pointers(stack.UTF8(VALIDATION)));
                info.ppEnabledExtensionNames(stack.pointers(stack.UTF8(VK_EXT_DEBUG_UTILS_EXTENSION_NAME)));
            }
            PointerBuffer pointer = stack.mallocPointer(1);
            Results.check(vkCreateInstance(info, null, pointer), "vkCreateInstance");
            handle = new VkInstance(pointer.get(0), info);
            callback = validation ? VkDebugUtilsMessengerCallbackEXT.create(this::take) : null;
            if (callback != null) {
                listen(stack, callback);
            }
        }
    }

    private void listen(MemoryStack stack, VkDebugUtilsMessengerCallbackEXT listener) {
        VkDebugUtilsMessengerCreateInfoEXT info = VkDebugUtilsMessengerCreateInfoEXT.calloc(stack)
                .sType$Default()
                .messageSeverity(
                        VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT)
                .messageType(VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT)
                .pfnUserCallback(listener);
        var created = stack.mallocLong(1);
        Results.check(vkCreateDebugUtilsMessengerEXT(handle, info, null, created), "vkCreateDebugUtilsMessengerEXT");
        messenger = created.get(0);
    }

    private int take(int severity, int types, long data, long user) {
        messages.add(VkDebugUtilsMessengerCallbackDataEXT.create(data).pMessageString());
        return VK_FALSE;
    }

    /** The next message of the validation layers, or null. */
    @Nullable
    String nextMessage() {
        return messages.poll();
    }

    /** Every physical device that offers Vulkan 1.3, hardware first, most memory first. */
    public List<PhysicalDevice> devices() {
        List<PhysicalDevice> found = new ArrayList<>();
        try (MemoryStack stack = stackPush()) {
            var count = stack.mallocInt(1);
            Results.check(vkEnumeratePhysicalDevices(handle, count, null), "vkEnumeratePhysicalDevices");
            PointerBuffer pointers = stack.mallocPointer(Math.max(1, count.get(0)));
            Results.check(vkEnumeratePhysicalDevices(handle, count, pointers), "vkEnumeratePhysicalDevices");
            for (int i = 0; i < count.get(0); i++) {
                found.add(PhysicalDevice.of(new VkPhysicalDevice(pointers.get(i), handle)));
            }
        }
        found.sort(PhysicalDevice.BEST_FIRST);
        return found;
    }

    @Override
    public void close() {
        if (callback != null) {
            vkDestroyDebugUtilsMessengerEXT(handle, messenger, null);
        }
        vkDestroyInstance(handle, null);
        if (callback != null) {
            callback.free();
        }
    }
}
