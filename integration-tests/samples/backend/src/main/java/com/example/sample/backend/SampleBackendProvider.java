package com.example.sample.backend;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.DeviceInfo;
import dev.filigree.api.backend.Probe;
import dev.filigree.api.host.HostBackend;
import dev.filigree.api.host.HostMemory;
import dev.filigree.api.tensor.DType;
import java.util.List;
import java.util.Set;

/** Makes the backend known as {@code sample}. */
public final class SampleBackendProvider implements BackendProvider {
    private static final DeviceInfo DEVICE = new DeviceInfo(
            "one thread",
            DeviceInfo.Kind.CPU,
            "plain loops",
            Long.MAX_VALUE,
            Set.of(DType.F32, DType.F16, DType.BF16, DType.I32),
            Set.of(DType.F32));

    @Override
    public String name() {
        return "sample";
    }

    @Override
    public int spiVersion() {
        return SPI_VERSION;
    }

    /** Below every built-in backend, so that it runs only where a config names it or nothing else serves. */
    @Override
    public int priority() {
        return 10;
    }

    @Override
    public Probe probe() {
        return new Probe.Available(List.of(DEVICE));
    }

    @Override
    public Backend open(BackendOptions options) {
        options.requireOnly(optionKeys());
        return new HostBackend(name(), DEVICE, SampleKernels.all(), new HostMemory(Long.MAX_VALUE));
    }
}
