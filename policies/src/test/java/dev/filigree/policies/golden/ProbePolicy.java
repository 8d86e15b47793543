package dev.filigree.policies.golden;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.attention.SparseCrossover;
import dev.filigree.api.kvcache.HeadNeed;
import dev.filigree.api.kvcache.KvNeeds;
import dev.filigree.policies.dense.DensePolicy;
import java.util.Collections;
import java.util.List;

/**
 * A policy that says who it is, for those that hand work to others. It plans what dense attention plans.
 *
 * @param name of the policy; {@code atStep} and {@code on} add to it
 * @param need of every head
 * @param multiple of chunks
 * @param density in every layer
 */
public record ProbePolicy(String name, HeadNeed need, int multiple, double density) implements AttentionPolicy {

    @Override
    public KvNeeds kvNeeds(ModelGeometry geometry) {
        return new KvNeeds(Collections.nCopies(geometry.numLayers(), Collections.nCopies(geometry.numKvHeads(), need)));
    }

    @Override
    public AttentionPlan plan(AttentionProblem problem) {
        return new DensePolicy().plan(problem);
    }

    @Override
    public AttentionPolicy atStep(int step) {
        return new ProbePolicy(name + "@" + step, need, multiple, density);
    }

    @Override
    public AttentionPolicy on(SparseCrossover crossover) {
        return new ProbePolicy(name + " on " + crossover.backend(), need, multiple, density);
    }

    @Override
    public int chunkMultiple() {
        return multiple;
    }

    @Override
    public double expectedDensity(Phase phase, int layer, long contextTokens) {
        return density;
    }

    @Override
    public List<String> explain(ModelGeometry geometry, long contextTokens) {
        return List.of(name + " at " + contextTokens);
    }
}
