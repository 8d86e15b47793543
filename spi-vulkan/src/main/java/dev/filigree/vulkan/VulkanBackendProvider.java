package dev.filigree.vulkan;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendException;
import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.DeviceInfo;
import dev.filigree.api.backend.Probe;
import dev.filigree.api.backend.Reason;
import dev.filigree.api.tensor.DType;
import dev.filigree.vulkan.device.Device;
import dev.filigree.vulkan.device.Instance;
import dev.filigree.vulkan.device.Matrices;
import dev.filigree.vulkan.device.PhysicalDevice;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Vulkan 1.3 compute. Hardware first; a software device only where the config names the backend. */
public final class VulkanBackendProvider implements BackendProvider {
    static final String NAME = "vulkan";
    private static final String DEVICE = "device";
    private static final String VALIDATION = "validation";
    private static final String COOPERATIVE = "cooperative";

    /** A tenth of a second of a device that does 10^11 plain operations in one. */
    static final long SLICE_OPERATIONS = 10_000_000_000L;

    private final int validation;
    private final boolean emulated;
    private final long sliceOperations;
    private @Nullable Probe probe;

    /** As ServiceLoader makes it. */
    public VulkanBackendProvider() {
        this(0, false, SLICE_OPERATIONS);
    }

    /** For tests: with validation, with matrices emulated, and with shorter dispatches. */
    VulkanBackendProvider(int validation, boolean emulated, long sliceOperations) {
        this.validation = validation;
        this.emulated = emulated;
        this.sliceOperations = sliceOperations;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public int spiVersion() {
        return SPI_VERSION;
    }

    @Override
    public int priority() {
        return 300;
    }

    @Override
    public List<String> optionKeys() {
        return List.of(DEVICE, VALIDATION, COOPERATIVE);
    }

    @Override
    @SuppressWarnings("CatchingUnchecked") // whatever a loader or driver throws is a reason
    public synchronized Probe probe() {
        Probe known = probe;
        if (known == null) {
            try (Instance instance = new Instance(false)) {
                known = answer(instance.devices());
            } catch (Throwable e) {
                known = new Probe.Unavailable(List.of(Reason.of(
                        Reason.Kind.DEVICE,
                        "no Vulkan loader or driver answers (" + e.getMessage()
                                + "); install libvulkan1 and the driver of the graphics card")));
            }
            probe = known;
        }
        return known;
    }

    private static Probe answer(List<PhysicalDevice> devices) {
        List<DeviceInfo> usable = new ArrayList<>();
        List<Reason> reasons = new ArrayList<>();
        for (PhysicalDevice device : devices) {
            if (device.missing().isEmpty()) {
                usable.add(info(device));
            } else {
                reasons.add(Reason.of(
                        Reason.Kind.DEVICE,
                        "device " + device.name() + " lacks " + String.join(", ", device.missing()),
                        "backend.device"));
            }
        }
        if (usable.isEmpty() && reasons.isEmpty()) {
            reasons.add(Reason.of(
                    Reason.Kind.DEVICE, "the Vulkan loader lists no device; install the driver of the graphics card"));
        }
        return usable.isEmpty() ? new Probe.Unavailable(reasons) : new Probe.Available(usable);
    }

    private static DeviceInfo info(PhysicalDevice device) {
        Set<DType> compute = EnumSet.of(DType.F32);
        return new DeviceInfo(
                device.name(),
                device.software() ? DeviceInfo.Kind.SOFTWARE_GPU : DeviceInfo.Kind.GPU,
                "Vulkan 1.3, " + device.matrices().summary() + ", subgroups of " + device.subgroupSize(),
                device.memoryBytes(),
                EnumSet.allOf(DType.class),
                compute);
    }

    @Override
    public Backend open(BackendOptions options) {
        options.requireOnly(optionKeys());
        boolean validate = options.integer(VALIDATION, validation, 0, 1) == 1;
        Instance instance;
        try {
            instance = new Instance(validate);
        } catch (UnsatisfiedLinkError | NoClassDefFoundError | ExceptionInInitializerError e) {
            throw new BackendException("vulkan: no loader was found; install libvulkan1", e);
        }
        try {
            PhysicalDevice chosen = choose(instance.devices(), options.values().get(DEVICE));
            int cooperative = options.integer(COOPERATIVE, 0, 0, 2);
            chosen = chosen.with(chosen.matrices().upTo(cooperative));
            chosen = emulated ? chosen.with(Matrices.EMULATED) : chosen;
            return new VulkanBackend(
                    info(chosen), new Device(instance, chosen, sliceOperations), PipelineFile.of(chosen.driver()));
        } catch (RuntimeException e) {
            instance.close();
            throw e;
        }
    }

    private static PhysicalDevice choose(List<PhysicalDevice> devices, @Nullable String wanted) {
        List<PhysicalDevice> usable =
                devices.stream().filter(d -> d.missing().isEmpty()).toList();
        for (PhysicalDevice device : usable) {
            if (wanted == null || device.name().toLowerCase(Locale.ROOT).contains(wanted.toLowerCase(Locale.ROOT))) {
                return device;
            }
        }
        String names = usable.stream().map(PhysicalDevice::name).toList().toString();
        if (wanted != null) {
            throw new IllegalArgumentException(
                    "backend.device must be part of the name of one of " + names + ", not \"" + wanted + "\"");
        }
        throw new BackendException("vulkan: no usable device; `filigree backends` lists why", null);
    }
}
