package dev.filigree.host.lora;

import dev.filigree.api.linear.LinearPlan;
import dev.filigree.api.linear.LinearProblem;
import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.host.quantize.LinearShape;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** Learns which linear layers a model has by watching it being planned. */
public final class LinearNames implements QuantizedLinear {
    private final QuantizedLinear base;
    private final Map<String, LinearShape> layers = new TreeMap<>();

    private LinearNames(QuantizedLinear base) {
        this.base = base;
    }

    /**
     * The layers that some planning asks for.
     *
     * @param base plans them
     * @param planning plans a model with the policy it is given
     * @return shapes by name
     */
    public static Map<String, LinearShape> of(QuantizedLinear base, Consumer<QuantizedLinear> planning) {
        LinearNames names = new LinearNames(base);
        planning.accept(names);
        return names.layers;
    }

    @Override
    public String name() {
        return base.name();
    }

    @Override
    public LinearPlan plan(LinearProblem problem) {
        layers.put(
                problem.name(),
                new LinearShape(
                        problem.name(), Math.toIntExact(problem.outFeatures()), Math.toIntExact(problem.inFeatures())));
        return base.plan(problem);
    }
}
