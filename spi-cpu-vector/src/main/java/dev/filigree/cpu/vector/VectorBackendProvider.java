package dev.filigree.cpu.vector;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendException;
import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.DeviceInfo;
import dev.filigree.api.backend.Probe;
import dev.filigree.api.backend.Reason;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.vector.lanes.Lanes;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Makes the vector backend known as {@value #NAME}. Without the module {@value #VECTOR_MODULE} it says so, and no class of
 * that module is touched.
 */
public final class VectorBackendProvider implements BackendProvider {

    /** The name used in configs. */
    public static final String NAME = "cpu-vector";

    private static final String VECTOR_MODULE = "jdk.incubator.vector";
    private static final String THREADS = "threads";
    private static final String LANES = "lanes";
    private static final String MEMORY_LIMIT = "memoryLimitMiB";
    private static final int MAX_THREADS = 1024;
    private static final long SPARSE_PREFILL_FROM = 1024;

    /** A provider; touches nothing. */
    public VectorBackendProvider() {}

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
        return 200;
    }

    @Override
    public Probe probe() {
        if (ModuleLayer.boot().findModule(VECTOR_MODULE).isEmpty()) {
            return unavailable("module " + VECTOR_MODULE + " is not part of this JVM; start it with --add-modules "
                    + VECTOR_MODULE);
        }
        try {
            int bits = MachineLanes.bits();
            return bits < 128
                    ? unavailable("vectors of this machine have " + bits + " bits; accepted are 128 and more")
                    : new Probe.Available(
                            List.of(device(defaultThreads(), "up to " + bits + "-bit lanes", Long.MAX_VALUE)));
        } catch (Throwable thrown) { // a probe answers with a reason whatever an incubating module does
            return unavailable("module " + VECTOR_MODULE + " does not start: " + thrown);
        }
    }

    /** See docs/performance.md, "Where sparse prefill begins to pay". */
    @Override
    public OptionalLong sparsePrefillFrom() {
        return OptionalLong.of(SPARSE_PREFILL_FROM);
    }

    /**
     * {@code threads}: threads that compute, the caller's included; all processors if absent. {@code lanes}: bits of a
     * vector, 128, 256 or 512, the same for the whole JVM; the machine's own width if absent. {@code memoryLimitMiB}: native
     * memory that scopes may take together; unlimited if absent.
     */
    @Override
    public List<String> optionKeys() {
        return List.of(THREADS, LANES, MEMORY_LIMIT);
    }

    @Override
    public Backend open(BackendOptions options) {
        options.requireOnly(optionKeys());
        int threads = options.integer(THREADS, defaultThreads(), 1, MAX_THREADS);
        int bits = options.integer(LANES, 0, 128, 512);
        int limitMiB = options.integer(MEMORY_LIMIT, 0, 1, Integer.MAX_VALUE);
        if (probe() instanceof Probe.Unavailable(List<Reason> reasons)) {
            throw new BackendException("backend " + NAME + " cannot be opened: " + reasons.getFirst(), null);
        }
        chooseLanes(bits);
        return new VectorBackend(threads, limitMiB == 0 ? Long.MAX_VALUE : (long) limitMiB << 20);
    }

    /** The kernels fold the width when they are compiled, so the first backend of a JVM decides it. */
    private static void chooseLanes(int bits) {
        if (bits == 0) {
            return;
        }
        if (bits != 128 && bits != 256 && bits != 512) {
            throw new IllegalArgumentException("backend." + LANES + " must be 128, 256 or 512, not \"" + bits + "\"");
        }
        String before = System.getProperty(Lanes.BITS_PROPERTY);
        if (before == null) {
            System.setProperty(Lanes.BITS_PROPERTY, Integer.toString(bits));
        }
        if (Lanes.BITS != bits) {
            throw new IllegalArgumentException("backend." + LANES + " must be " + Lanes.BITS
                    + ", which kernels of this JVM were compiled for, not \"" + bits + "\"");
        }
    }

    private static Probe unavailable(String sentence) {
        return new Probe.Unavailable(List.of(Reason.of(Reason.Kind.DEVICE, sentence)));
    }

    static DeviceInfo device(int threads, String lanes, long memoryBytes) {
        return new DeviceInfo(
                "vector CPU",
                DeviceInfo.Kind.CPU,
                threads + (threads == 1 ? " thread, " : " threads, ") + lanes,
                memoryBytes,
                EnumSet.allOf(DType.class),
                Set.of(DType.F32));
    }

    private static int defaultThreads() {
        return Math.clamp(Runtime.getRuntime().availableProcessors(), 1, MAX_THREADS);
    }
}
