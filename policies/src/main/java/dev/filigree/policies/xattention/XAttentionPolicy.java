package dev.filigree.policies.xattention;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.attention.SparseCrossover;
import dev.filigree.api.kvcache.KvNeeds;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.policies.dense.DensePolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Block-sparse prefill by antidiagonal scores (XAttention sections 2.1 to 2.3). Decode, excluded layers, layers with
 * the model's own window, short contexts, and heads that all have threshold 1 are planned as dense attention is, with
 * the very same steps.
 */
public final class XAttentionPolicy implements AttentionPolicy {
    /** The name in configs. */
    public static final String NAME = "xattention";

    private final XAttentionConfig config;
    private final Optional<SparseCrossover> measured;
    private final DensePolicy dense = new DensePolicy();

    /** A policy with that setting. */
    public XAttentionPolicy(XAttentionConfig config) {
        this(config, Optional.empty());
    }

    private XAttentionPolicy(XAttentionConfig config, Optional<SparseCrossover> measured) {
        this.config = config;
        this.measured = measured;
    }

    /** The setting. */
    public XAttentionConfig config() {
        return config;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public KvNeeds kvNeeds(ModelGeometry geometry) {
        config.thresholds().requireFits(geometry);
        if (config.denseLayers().last() >= geometry.numLayers()) {
            throw new PolicyRefusal(
                    NAME,
                    "denseLayers must be 0 to " + (geometry.numLayers() - 1) + ", not " + config.denseLayers(),
                    "attention.denseLayers");
        }
        return dense.kvNeeds(geometry);
    }

    @Override
    public AttentionPlan plan(AttentionProblem problem) {
        boolean sparse = problem.phase() == Phase.PREFILL
                && whyDense(
                                problem.geometry(),
                                problem.layer(),
                                problem.kvHeads(),
                                problem.capacity().contextTokens())
                        .isEmpty();
        return sparse ? new SparsePrefill(config, problem).plan() : dense.plan(problem);
    }

    /** Why prefill of a layer's KV heads is dense; empty if it is sparse for some of them. */
    private String whyDense(ModelGeometry geometry, int layer, List<Integer> kvHeads, long contextTokens) {
        if (config.denseLayers().contains(layer)) {
            return "excluded by denseLayers";
        }
        if (geometry.windows().get(layer).isPresent()) {
            return "the model's own window of " + geometry.windows().get(layer).getAsInt() + " tokens";
        }
        if (contextTokens < config.denseBelow()) {
            return contextTokens + " tokens are below the crossover of "
                    + measured.map(SparseCrossover::toString).orElse(Long.toString(config.denseBelow()));
        }
        boolean everything =
                kvHeads.stream().allMatch(head -> config.thresholds().takesEverything(layer, head, geometry));
        return everything ? "threshold 1 in all heads" : "";
    }

    /** Dense while warming up, this one after (XAttention section 3.1). */
    @Override
    public AttentionPolicy atStep(int step) {
        return step < config.warmupSteps() ? dense : this;
    }

    /** Takes what was measured where the config asks for it. */
    @Override
    public AttentionPolicy on(SparseCrossover crossover) {
        if (config.crossover() != XAttentionConfig.Crossover.MEASURED) {
            return this;
        }
        return new XAttentionPolicy(
                config.withDenseBelow(crossover.contextTokens().orElse(0)), Optional.of(crossover));
    }

    /** Blocks lie at absolute positions, so whole blocks make chunked prefill equal to whole prefill. */
    @Override
    public int chunkMultiple() {
        return config.blockSize();
    }

    @Override
    public double expectedDensity(Phase phase, int layer, long contextTokens) {
        boolean selects = phase == Phase.PREFILL && !config.denseLayers().contains(layer);
        return selects ? ExpectedDensity.of(config.stride(), config.blockSize(), contextTokens) : 1;
    }

    @Override
    public List<String> explain(ModelGeometry geometry, long contextTokens) {
        List<Integer> everyHead =
                IntStream.range(0, geometry.numKvHeads()).boxed().toList();
        List<String> lines = new ArrayList<>();
        for (int layer = 0; layer < geometry.numLayers(); layer++) {
            String why = whyDense(geometry, layer, everyHead, contextTokens);
            if (!why.isEmpty()) {
                lines.add("layer " + layer + " prefill: dense, " + why);
            }
        }
        int sparse = geometry.numLayers() - lines.size();
        lines.addFirst(String.format(
                Locale.ROOT,
                "prefill: %d of %d layers block-sparse, threshold %s, stride %d, blockSize %d, expected density %.3f",
                sparse,
                geometry.numLayers(),
                config.thresholds(),
                config.stride(),
                config.blockSize(),
                ExpectedDensity.of(config.stride(), config.blockSize(), contextTokens)));
        measured.ifPresent(crossover -> lines.add("crossover to dense: " + crossover));
        lines.add("decode: dense");
        return lines;
    }
}
