package dev.filigree.cuda;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendException;
import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.Probe;
import dev.filigree.api.backend.Reason;
import dev.filigree.cuda.driver.CudaContext;
import dev.filigree.cuda.driver.CudaDriver;
import dev.filigree.cuda.launch.DeviceTraits;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes the CUDA backend known. Touches the driver when it is first asked whether there is one, and not before. */
public final class CudaBackendProvider implements BackendProvider {
    /** The name used in configs. */
    public static final String NAME = "cuda";

    private static final String DEVICE = "device";
    private static final String SYNCHRONOUS = "synchronous";
    private static final int MOST_DEVICES = 64;

    private @Nullable Probe answer;
    private @Nullable CudaDriver driver;

    /** A provider; touches nothing. */
    public CudaBackendProvider() {}

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
        return 400;
    }

    @Override
    public synchronized Probe probe() {
        Probe known = answer;
        if (known == null) {
            known = ask();
            answer = known;
        }
        return known;
    }

    private Probe ask() {
        if (!KernelImage.isBuilt()) {
            return no(Reason.Kind.NOT_BUILT, "this build has no CUDA kernels: nvcc was not found when it was made");
        }
        List<DeviceTraits> devices;
        try {
            CudaDriver loaded = CudaDriver.load();
            driver = loaded;
            devices = loaded.devices();
        } catch (Throwable e) { // a binding that finds no library throws errors, the second time of another kind
            return no(Reason.Kind.DEVICE, "no NVIDIA driver answers: " + e.getMessage());
        }
        List<DeviceTraits> usable =
                devices.stream().filter(DeviceTraits::isSupported).toList();
        if (usable.isEmpty()) {
            return no(
                    Reason.Kind.DEVICE,
                    "kernels need compute capability " + DeviceTraits.OLDEST_MAJOR + ".0 or newer, not " + devices);
        }
        return new Probe.Available(usable.stream().map(CudaBackend::info).toList());
    }

    private static Probe no(Reason.Kind kind, String sentence) {
        return new Probe.Unavailable(List.of(Reason.of(kind, sentence)));
    }

    /**
     * {@code device}: the driver's index of the device, 0 if absent. {@code synchronous}: 1 to launch op by op and wait for each,
     * so that a failure names its op.
     */
    @Override
    public List<String> optionKeys() {
        return List.of(DEVICE, SYNCHRONOUS);
    }

    @Override
    public synchronized Backend open(BackendOptions options) {
        options.requireOnly(optionKeys());
        int ordinal = options.integer(DEVICE, -1, 0, MOST_DEVICES - 1);
        boolean synchronous = options.integer(SYNCHRONOUS, 0, 0, 1) == 1;
        if (probe() instanceof Probe.Unavailable(List<Reason> reasons)) {
            throw new BackendException("backend " + NAME + " cannot be opened: " + reasons, null);
        }
        CudaDriver loaded = driver;
        if (loaded == null) {
            throw new IllegalStateException("probe answered without a driver");
        }
        List<DeviceTraits> usable =
                loaded.devices().stream().filter(DeviceTraits::isSupported).toList();
        DeviceTraits device = ordinal < 0
                ? usable.get(0)
                : usable.stream()
                        .filter(d -> d.ordinal() == ordinal)
                        .findFirst()
                        .orElseThrow(() -> new IllegalArgumentException(
                                "backend.device must be one of " + usable + ", not " + ordinal));
        CudaContext context = loaded.open(device);
        try {
            KernelImage.load(device).forEach(context::loadKernels);
        } catch (RuntimeException e) {
            context.close();
            throw e;
        }
        return new CudaBackend(context, synchronous);
    }
}
