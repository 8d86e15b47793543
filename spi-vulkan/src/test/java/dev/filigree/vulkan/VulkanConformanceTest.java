package dev.filigree.vulkan;

import dev.filigree.api.backend.BackendProvider;
import dev.filigree.conformance.BackendConformance;

/** The kit, on the first device with the validation layers on; Maven runs it once per subgroup size of lavapipe. */
class VulkanConformanceTest extends BackendConformance {

    @Override
    protected BackendProvider provider() {
        return new VulkanBackendProvider(1, false, VulkanBackendProvider.SLICE_OPERATIONS);
    }
}
