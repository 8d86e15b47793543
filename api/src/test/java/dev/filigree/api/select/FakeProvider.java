package dev.filigree.api.select;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.DeviceInfo;
import dev.filigree.api.backend.Probe;
import dev.filigree.api.host.HostBackend;
import dev.filigree.api.host.HostKernelFactory;
import dev.filigree.api.host.HostKernels;
import dev.filigree.api.host.HostMemory;
import dev.filigree.api.op.Add;
import dev.filigree.api.op.Argmax;
import dev.filigree.api.op.Op;
import java.util.List;
import java.util.Set;

/** A provider whose every answer a test sets; counts how often it was opened and closed. */
final class FakeProvider implements BackendProvider {
    private final String name;
    private final int priority;
    private int spiVersion = SPI_VERSION;
    private DeviceInfo.Kind kind = DeviceInfo.Kind.CPU;
    private Probe probe;
    private Set<Class<? extends Op>> missing = Set.of();
    private BackendOptions options = BackendOptions.NONE;
    private int opened;
    private int closed;

    private FakeProvider(String name, int priority) {
        this.name = name;
        this.priority = priority;
        probe = new Probe.Available(List.of(device()));
    }

    static FakeProvider named(String name, int priority) {
        return new FakeProvider(name, priority);
    }

    FakeProvider probing(Probe answer) {
        probe = answer;
        return this;
    }

    FakeProvider without(Class<? extends Op> op) {
        missing = Set.of(op);
        return this;
    }

    FakeProvider version(int version) {
        spiVersion = version;
        return this;
    }

    FakeProvider kind(DeviceInfo.Kind newKind) {
        kind = newKind;
        probe = new Probe.Available(List.of(device()));
        return this;
    }

    int opened() {
        return opened;
    }

    int closed() {
        return closed;
    }

    BackendOptions options() {
        return options;
    }

    private DeviceInfo device() {
        return new DeviceInfo(name + " device", kind, "fake", 0, Set.of(), Set.of());
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int spiVersion() {
        return spiVersion;
    }

    @Override
    public int priority() {
        return priority;
    }

    @Override
    public Probe probe() {
        return probe;
    }

    @Override
    public List<String> optionKeys() {
        return List.of("threads");
    }

    @Override
    public Backend open(BackendOptions given) {
        opened++;
        options = given;
        HostKernels kernels = new HostKernels();
        if (!missing.contains(Add.class)) {
            kernels.add(Add.class, HostKernelFactory.of("add__fake", (op, context) -> () -> {}));
        }
        if (!missing.contains(Argmax.class)) {
            kernels.add(Argmax.class, HostKernelFactory.of("argmax__fake", (op, context) -> () -> {}));
        }
        return new HostBackend(name, device(), kernels, new HostMemory(0)) {
            @Override
            public void close() {
                closed++;
            }
        };
    }
}
