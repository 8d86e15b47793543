import org.jspecify.annotations.NullMarked;

/** The Vulkan backend. */
@NullMarked
module dev.filigree.vulkan {
    requires static transitive org.jspecify;
    requires dev.filigree.api;
    requires org.lwjgl;
    requires org.lwjgl.vulkan;

    provides dev.filigree.api.backend.BackendProvider with
            dev.filigree.vulkan.VulkanBackendProvider;
}
