package dev.filigree.host.decoder;

import dev.filigree.api.attention.StepCapacity;
import dev.filigree.api.linear.LinearPlan;
import dev.filigree.api.linear.LinearProblem;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.Renaming;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.host.checkpoint.DecoderWeights;
import dev.filigree.host.checkpoint.WeightRole;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/** Asks the linear policy for each projection and puts its steps into the decoder's plan. */
final class DecoderLinears {
    private static final String WEIGHT = ".weight";

    private final DecoderPlanner parts;
    private final StepCapacity capacity;
    private final PlanBuilder builder;
    private final Map<WeightRole, List<Long>> shapes;
    private final SortedSet<String> schemes = new TreeSet<>();

    DecoderLinears(DecoderPlanner parts, StepCapacity capacity, PlanBuilder builder) {
        this.parts = parts;
        this.capacity = capacity;
        this.builder = builder;
        this.shapes = DecoderWeights.shapes(parts.model().config());
    }

    /** Storage schemes of everything added so far. */
    SortedSet<String> schemes() {
        return schemes;
    }

    /** A projection of a layer. */
    void add(WeightRole role, WeightRole bias, int layer, TensorRef x, TensorRef y) {
        LinearPlan plan = plan(role, layer, shapes.containsKey(bias), capacity.numTokens());
        Map<TensorRef, TensorRef> joined = Map.of(LinearPlan.X, x, LinearPlan.Y, y);
        builder.inline(plan.plan(), new Renaming(joined, prefix(role, layer), Map.of()));
    }

    /** The output projection, over the embedding where the two are tied. */
    void addHead(TensorRef x, TensorRef y, TensorRef embedding, String rows, long maxRows) {
        boolean tied = parts.model().config().tiedEmbeddings();
        LinearPlan plan = plan(tied ? WeightRole.EMBEDDING : WeightRole.LM_HEAD, 0, false, maxRows);
        Map<TensorRef, TensorRef> joined = new HashMap<>(Map.of(LinearPlan.X, x, LinearPlan.Y, y));
        if (tied) {
            joined.put(TensorRef.of("weight"), embedding);
        }
        builder.inline(plan.plan(), new Renaming(joined, prefix(WeightRole.LM_HEAD, 0), Map.of("numTokens", rows)));
    }

    private LinearPlan plan(WeightRole role, int layer, boolean hasBias, long maxTokens) {
        List<Long> shape = shapes.get(role);
        if (shape == null) {
            throw new IllegalStateException("a decoder of this kind has no " + role);
        }
        String tensor = role.tensorName(layer);
        String name = prefix(role == WeightRole.EMBEDDING ? WeightRole.LM_HEAD : role, layer);
        LinearPlan plan = parts.linear()
                .plan(new LinearProblem(
                        name.substring(0, name.length() - 1),
                        shape.get(1),
                        shape.get(0),
                        hasBias,
                        parts.model().weightType().apply(tensor),
                        parts.activations(),
                        maxTokens,
                        parts.model().storage().apply(name.substring(0, name.length() - 1))));
        schemes.add(plan.scheme());
        return plan;
    }

    private static String prefix(WeightRole role, int layer) {
        String tensor = role.tensorName(layer);
        return tensor.substring(0, tensor.length() - WEIGHT.length()) + ".";
    }
}
