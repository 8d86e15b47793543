package dev.filigree.integration.models;

import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.plan.Plan;
import java.util.ArrayList;
import java.util.List;

/** A backend that notes every list of blocks and pages that a model chose on it, in the order of the steps. */
final class WatchedBackend extends ForwardingBackend {
    private final List<Selection> selections = new ArrayList<>();

    WatchedBackend(String name, BackendOptions options) {
        super("watched", name, options);
    }

    /** Every list so far. */
    List<Selection> selections() {
        return selections;
    }

    @Override
    public PreparedPlan prepare(Plan plan) {
        return new WatchedPlan(real(), plan, selections);
    }
}
