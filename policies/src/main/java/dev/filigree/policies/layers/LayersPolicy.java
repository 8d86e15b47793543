package dev.filigree.policies.layers;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.attention.SparseCrossover;
import dev.filigree.api.kvcache.HeadNeed;
import dev.filigree.api.kvcache.KvNeeds;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.policies.pattern.ChunkMultiple;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** Hands each layer to the policy of its range, and layers of no range to the rest policy. */
public final class LayersPolicy implements AttentionPolicy {
    /** The name in configs. */
    public static final String NAME = "layers";

    private final List<LayerPolicy> ranges;
    private final AttentionPolicy rest;

    /**
     * The policy of some layers.
     *
     * @param layers which
     * @param policy plans them
     */
    public record LayerPolicy(LayerSet layers, AttentionPolicy policy) {}

    /** A policy over disjoint ranges. */
    public LayersPolicy(List<LayerPolicy> ranges, AttentionPolicy rest) {
        this.ranges = List.copyOf(ranges);
        this.rest = rest;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public KvNeeds kvNeeds(ModelGeometry geometry) {
        for (LayerPolicy range : ranges) {
            if (range.layers().last() >= geometry.numLayers()) {
                throw new PolicyRefusal(
                        NAME,
                        "layers must be 0 to " + (geometry.numLayers() - 1) + ", not " + range.layers(),
                        "attention.ranges");
            }
        }
        Map<AttentionPolicy, KvNeeds> needs = new IdentityHashMap<>();
        policies().forEach(policy -> needs.computeIfAbsent(policy, p -> p.kvNeeds(geometry)));
        List<List<HeadNeed>> layers = new ArrayList<>();
        for (int layer = 0; layer < geometry.numLayers(); layer++) {
            layers.add(java.util.Objects.requireNonNull(needs.get(of(layer)))
                    .layers()
                    .get(layer));
        }
        return new KvNeeds(layers);
    }

    @Override
    public AttentionPlan plan(AttentionProblem problem) {
        return of(problem.layer()).plan(problem);
    }

    @Override
    public AttentionPolicy atStep(int step) {
        return with(policy -> policy.atStep(step));
    }

    @Override
    public AttentionPolicy on(SparseCrossover crossover) {
        return with(policy -> policy.on(crossover));
    }

    private AttentionPolicy with(UnaryOperator<AttentionPolicy> change) {
        return new LayersPolicy(
                ranges.stream()
                        .map(range -> new LayerPolicy(range.layers(), change.apply(range.policy())))
                        .toList(),
                change.apply(rest));
    }

    @Override
    public int chunkMultiple() {
        return ChunkMultiple.of(policies().toList());
    }

    @Override
    public double expectedDensity(Phase phase, int layer, long contextTokens) {
        return of(layer).expectedDensity(phase, layer, contextTokens);
    }

    @Override
    public List<String> explain(ModelGeometry geometry, long contextTokens) {
        List<String> lines = new ArrayList<>();
        for (LayerPolicy range : ranges) {
            lines.add("layers " + range.layers() + ": " + range.policy().name());
            range.policy().explain(geometry, contextTokens).forEach(line -> lines.add("  " + line));
        }
        lines.add("other layers: " + rest.name());
        rest.explain(geometry, contextTokens).forEach(line -> lines.add("  " + line));
        return lines;
    }

    private Stream<AttentionPolicy> policies() {
        return Stream.concat(ranges.stream().map(LayerPolicy::policy), Stream.of(rest));
    }

    private AttentionPolicy of(int layer) {
        return ranges.stream()
                .filter(range -> range.layers().contains(layer))
                .findFirst()
                .map(LayerPolicy::policy)
                .orElse(rest);
    }
}
