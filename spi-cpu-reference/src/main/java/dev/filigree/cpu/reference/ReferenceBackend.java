package dev.filigree.cpu.reference;

import dev.filigree.api.backend.DeviceInfo;
import dev.filigree.api.host.HostBackend;
import dev.filigree.api.host.HostMemory;
import dev.filigree.api.tensor.DType;
import java.util.EnumSet;
import java.util.Set;

/**
 * The definition of every op: one thread, plain loops, fp64 sums rounded once at the end. Every other backend is
 * judged against it.
 */
public final class ReferenceBackend extends HostBackend {

    /** A backend whose scopes may take that much native memory together. */
    public ReferenceBackend(long memoryLimitBytes) {
        super(
                ReferenceBackendProvider.NAME,
                device(memoryLimitBytes),
                ReferenceKernels.all(),
                new HostMemory(memoryLimitBytes));
    }

    static DeviceInfo device(long memoryBytes) {
        return new DeviceInfo(
                "scalar CPU",
                DeviceInfo.Kind.CPU,
                "1 thread, plain loops",
                memoryBytes,
                EnumSet.allOf(DType.class),
                Set.of(DType.F32));
    }
}
