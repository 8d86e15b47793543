package dev.filigree.vulkan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendException;
import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.DeviceInfo;
import dev.filigree.api.backend.Probe;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.OutOfMemoryException;
import dev.filigree.vulkan.device.Allocation;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The kit skips a backend that is not there, so this test insists that lavapipe is. */
class LavapipeTest {
    private final VulkanBackendProvider provider =
            new VulkanBackendProvider(1, false, VulkanBackendProvider.SLICE_OPERATIONS);

    @Test
    void aDeviceIsThere() {
        Probe probe = provider.probe();
        assertInstanceOf(Probe.Available.class, probe, () -> "install mesa-vulkan-drivers and libvulkan1: " + probe);
    }

    @Test
    void lavapipeSaysThatItIsSoftwareAndHasTheSubgroupsAskedFor() {
        DeviceInfo lavapipe = ((Probe.Available) provider.probe())
                .devices().stream()
                        .filter(d -> d.name().contains("llvmpipe"))
                        .findFirst()
                        .orElseThrow();
        assertEquals(DeviceInfo.Kind.SOFTWARE_GPU, lavapipe.kind());
        int width = Integer.parseInt(System.getenv("LP_NATIVE_VECTOR_WIDTH"));
        assertTrue(lavapipe.detail().endsWith("subgroups of " + width / 32), lavapipe::detail);
    }

    @Test
    void anUnknownDeviceIsRefusedWithTheNamesThatThereAre() {
        var wrong = new BackendOptions(Map.of("device", "no such card"));
        String message = assertThrows(IllegalArgumentException.class, () -> provider.open(wrong))
                .getMessage();
        assertTrue(message.contains("no such card") && message.contains("llvmpipe"), message);
    }

    @Test
    void anAllocationBeyondTheLimitChangesNothing() {
        var named = new BackendOptions(Map.of("device", "llvmpipe"));
        try (Backend backend = provider.open(named);
                BufferScope scope = backend.openScope()) {
            scope.allocate(100);
            assertThrows(OutOfMemoryException.class, () -> scope.allocate(Long.MAX_VALUE / 4));
            assertEquals(100, scope.allocatedBytes());
            assertFalse(scope.allocate(3L << 20).hostSegment().isPresent());
        }
    }

    @Test
    void aMessageOfTheValidationLayersIsAnError() {
        var named = new BackendOptions(Map.of("device", "llvmpipe"));
        VulkanBackend backend = (VulkanBackend) provider.open(named);
        Allocation left = Allocation.local(backend.vulkanDevice(), 64);
        assertTrue(left.sizeBytes() >= 64);
        String message = assertThrows(BackendException.class, backend::close).getMessage();
        assertTrue(message.contains("validation says") && message.contains("not been destroyed"), message);
    }

    @Test
    void manyBackendsInARowAreDestroyedInOrder() {
        for (String option : List.of("0", "1", "1")) {
            provider.open(new BackendOptions(Map.of("validation", option))).close();
        }
    }
}
