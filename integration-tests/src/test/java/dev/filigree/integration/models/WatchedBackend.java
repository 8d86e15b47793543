package dev.filigree.integration.models;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.DeviceInfo;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.backend.Probe;
import dev.filigree.api.backend.Support;
import dev.filigree.api.op.Op;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.api.tensor.BufferScope;
import java.util.ArrayList;
import java.util.List;

/** A backend that notes every list of blocks and pages that a model chose on it, in the order of the steps. */
final class WatchedBackend implements BackendProvider, Backend {
    private final Backend real;
    private final List<Selection> selections = new ArrayList<>();

    WatchedBackend(String name, BackendOptions options) {
        real = BackendSelector.installed().providers().stream()
                .filter(one -> one.name().equals(name))
                .findFirst()
                .orElseThrow()
                .open(options);
    }

    /** Every list so far. */
    List<Selection> selections() {
        return selections;
    }

    BackendSelector selector() {
        return new BackendSelector(List.of(this));
    }

    @Override
    public String name() {
        return "watched";
    }

    @Override
    public int spiVersion() {
        return SPI_VERSION;
    }

    @Override
    public int priority() {
        return 1;
    }

    @Override
    public Probe probe() {
        return new Probe.Available(List.of(device()));
    }

    @Override
    public Backend open(BackendOptions options) {
        return this;
    }

    @Override
    public DeviceInfo device() {
        return real.device();
    }

    @Override
    public BufferScope openScope() {
        return real.openScope();
    }

    @Override
    public ExecutionStream openStream() {
        return real.openStream();
    }

    @Override
    public Support support(Op op, Tensors tensors) {
        return real.support(op, tensors);
    }

    @Override
    public PreparedPlan prepare(Plan plan) {
        return new WatchedPlan(real, plan, selections);
    }

    @Override
    public void close() {
        real.close();
    }
}
