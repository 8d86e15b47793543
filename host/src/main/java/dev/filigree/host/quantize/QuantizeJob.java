package dev.filigree.host.quantize;

import dev.filigree.host.quantize.math.Products;
import dev.filigree.host.quantize.steps.GroupData;
import dev.filigree.host.quantize.steps.GroupQuantizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** Quantizes all groups of a model, one after the other. Equal models and recipes give equal bytes. */
public final class QuantizeJob {
    private final LinearModel model;
    private final QuantizeRecipe recipe;
    private final Products products;
    private final Map<String, QuantizedWeights> weights = new LinkedHashMap<>();
    private final List<GroupReport> reports = new ArrayList<>();

    private final Optional<FinishedGroups> finished;

    /** A job that has not begun and keeps nothing between groups. */
    public QuantizeJob(LinearModel model, QuantizeRecipe recipe, Products products) {
        this(model, recipe, products, Optional.empty());
    }

    /**
     * A job that has not begun.
     *
     * @param finished groups of an interrupted job, and where this one keeps its own
     */
    public QuantizeJob(LinearModel model, QuantizeRecipe recipe, Products products, Optional<FinishedGroups> finished) {
        this.finished = finished;
        this.model = model;
        this.recipe = recipe;
        this.products = products;
    }

    /** Quantizes every group; the listener hears of each as it is done. */
    public QuantizeJob run(Consumer<GroupReport> listener) {
        for (LinearGroup group : model.groups()) {
            List<LinearShape> kept = group.linears().stream()
                    .filter(l -> !recipe.skips(l.name()))
                    .toList();
            if (kept.isEmpty()) {
                continue;
            }
            float shift = recipe.scheme().shiftsInputs() ? group.shift() : 0;
            LinearGroup chosen = new LinearGroup(group.name(), kept, shift);
            FinishedGroups.Finished result = group(chosen);
            for (int i = 0; i < kept.size(); i++) {
                weights.put(kept.get(i).name(), result.weights().get(i));
            }
            reports.add(result.report());
            listener.accept(result.report());
        }
        return this;
    }

    private FinishedGroups.Finished group(LinearGroup group) {
        String fingerprint = finished.isPresent() ? FinishedGroups.fingerprint(model, group, recipe) : "";
        Optional<FinishedGroups.Finished> earlier = finished.flatMap(f -> f.find(group, fingerprint));
        if (earlier.isPresent()) {
            return earlier.get();
        }
        try (GroupData data = new GroupData(model, group, products)) {
            GroupQuantizer.Result made = new GroupQuantizer(data, recipe).run();
            finished.ifPresent(f -> f.keep(group, fingerprint, made.weights(), made.report()));
            return new FinishedGroups.Finished(made.weights(), made.report());
        }
    }

    /** Quantized layers by name. */
    public Map<String, QuantizedWeights> weights() {
        return new LinkedHashMap<>(weights);
    }

    /** What was done to each group. */
    public List<GroupReport> reports() {
        return List.copyOf(reports);
    }
}
