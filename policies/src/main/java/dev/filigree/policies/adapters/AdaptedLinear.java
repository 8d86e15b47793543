package dev.filigree.policies.adapters;

import dev.filigree.api.linear.LinearPlan;
import dev.filigree.api.linear.LinearProblem;
import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.api.op.LoraApply;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Any linear policy, with adapters added to its outputs (LoRA section 4.1). What is stored and how it is computed stays the
 * policy's: an adapter reads the layer's own input and adds beside a low-rank branch, never in its place. Layers without
 * adapters are planned as they were.
 *
 * <p>The strengths of a layer's adapters are the tensor {@value #STRENGTHS} {@code [numAdapters]} f32 of role STATE, in the
 * order of the adapters: who binds it may write it between runs, and the plan stays what it is.
 *
 * @param base plans the layers
 * @param layers adapters by name of the layer, in the order in which they add
 */
public record AdaptedLinear(QuantizedLinear base, Map<String, List<AdapterFactors>> layers) implements QuantizedLinear {
    /** The tensor of strengths among the tensors of its layer. */
    public static final String STRENGTHS = "lora.strengths";

    /** Copies the table. */
    public AdaptedLinear {
        Map<String, List<AdapterFactors>> copy = new LinkedHashMap<>();
        layers.forEach((layer, factors) -> copy.put(layer, List.copyOf(factors)));
        layers = java.util.Collections.unmodifiableMap(copy);
    }

    @Override
    public String name() {
        return base.name();
    }

    @Override
    public LinearPlan plan(LinearProblem problem) {
        LinearPlan plain = base.plan(problem);
        List<AdapterFactors> adapters = layers.getOrDefault(problem.name(), List.of());
        if (adapters.isEmpty()) {
            return plain;
        }
        PlanBuilder builder = new PlanBuilder(plain.plan().name()).inline(plain.plan());
        Dim in = Dim.fixed("inFeatures", problem.inFeatures());
        Dim out = Dim.fixed("outFeatures", problem.outFeatures());
        List<TensorRef> downs = new ArrayList<>();
        List<TensorRef> ups = new ArrayList<>();
        for (AdapterFactors adapter : adapters) {
            Dim rank = Dim.fixed("rank", adapter.rank());
            downs.add(builder.declare(adapter.down(), TensorRole.WEIGHT, adapter.dtype(), rank, in));
            ups.add(builder.declare(adapter.up(), TensorRole.WEIGHT, adapter.dtype(), out, rank));
        }
        TensorRef strengths =
                builder.declare(STRENGTHS, TensorRole.STATE, DType.F32, Dim.fixed("numAdapters", adapters.size()));
        builder.add(new LoraApply(LinearPlan.X, downs, ups, strengths, LinearPlan.Y));
        String ranks =
                adapters.stream().map(adapter -> Long.toString(adapter.rank())).collect(Collectors.joining(" + "));
        return new LinearPlan(plain.scheme() + ", adapters of rank " + ranks, builder.build());
    }
}
