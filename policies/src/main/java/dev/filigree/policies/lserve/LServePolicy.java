package dev.filigree.policies.lserve;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.attention.SparseCrossover;
import dev.filigree.api.kvcache.HeadNeed;
import dev.filigree.api.kvcache.KvNeeds;
import dev.filigree.api.kvcache.Retention;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.policies.dense.DensePolicy;
import dev.filigree.policies.pattern.Needs;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Dynamic page selection for decode (LServe sections 3.4.1 to 3.4.3): pages are scored by the channelwise bounds of
 * their keys, the best are read within a budget, and a list serves several steps. The pages of the sink and the newest
 * page are always read. Prompts are planned by another policy. Excluded layers and layers with the model's own window
 * are planned as dense attention is. Streaming heads come from a policy around this one, such as duoattention.
 */
public final class LServePolicy implements AttentionPolicy {
    /** The name in configs. */
    public static final String NAME = "lserve";

    private final LServeConfig config;
    private final DensePolicy dense = new DensePolicy();

    /** A policy with that setting. */
    public LServePolicy(LServeConfig config) {
        this.config = config;
    }

    /** The setting. */
    public LServeConfig config() {
        return config;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public KvNeeds kvNeeds(ModelGeometry geometry) {
        if (config.denseLayers().last() >= geometry.numLayers()) {
            throw new PolicyRefusal(
                    NAME,
                    "denseLayers must be 0 to " + (geometry.numLayers() - 1) + ", not " + config.denseLayers(),
                    "attention.denseLayers");
        }
        KvNeeds prefill = config.prefill().kvNeeds(geometry);
        HeadNeed statistics = new HeadNeed(new Retention.Everything(), config.logicalPageSize());
        List<List<HeadNeed>> layers = new ArrayList<>();
        for (int layer = 0; layer < geometry.numLayers(); layer++) {
            HeadNeed decode = whyDense(geometry, layer).isEmpty()
                    ? statistics
                    : DensePolicy.need(geometry.windows().get(layer));
            List<HeadNeed> heads = new ArrayList<>();
            for (int head = 0; head < geometry.numKvHeads(); head++) {
                heads.add(Needs.cover(NAME, prefill.of(layer, head), decode));
            }
            layers.add(heads);
        }
        return new KvNeeds(layers);
    }

    @Override
    public AttentionPlan plan(AttentionProblem problem) {
        if (problem.phase() == Phase.PREFILL) {
            return config.prefill().plan(problem);
        }
        boolean selects = problem.masking() == Masking.CAUSAL
                && whyDense(problem.geometry(), problem.layer()).isEmpty();
        return selects ? new SelectedPages(config, problem).plan() : dense.plan(problem);
    }

    /** Why decode of a layer reads everything it may; empty if it selects. */
    private String whyDense(ModelGeometry geometry, int layer) {
        if (config.denseLayers().contains(layer)) {
            return "excluded by denseLayers";
        }
        return geometry.windows().get(layer).isPresent()
                ? "the model's own window of " + geometry.windows().get(layer).getAsInt() + " tokens"
                : "";
    }

    @Override
    public AttentionPolicy on(SparseCrossover crossover) {
        return new LServePolicy(config.withPrefill(config.prefill().on(crossover)));
    }

    @Override
    public int chunkMultiple() {
        return config.prefill().chunkMultiple();
    }

    @Override
    public double expectedDensity(Phase phase, int layer, long contextTokens) {
        if (phase == Phase.PREFILL) {
            return config.prefill().expectedDensity(phase, layer, contextTokens);
        }
        return contextTokens == 0 ? 1 : Math.min(1, (double) config.budget() / contextTokens);
    }

    @Override
    public List<String> explain(ModelGeometry geometry, long contextTokens) {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT,
                "decode at %d tokens: lists of up to %d tokens per %s, %.3f of the context, chosen every %d steps",
                contextTokens,
                config.budget(),
                config.lists().name().toLowerCase(Locale.ROOT).replace('_', ' '),
                expectedDensity(Phase.DECODE, 0, contextTokens),
                config.reuseInterval()));
        lines.add(String.format(
                Locale.ROOT,
                "statistics of %d tokens: %d bytes per token and KV head",
                config.logicalPageSize(),
                Math.ceilDiv(2 * 2 * geometry.headDimQk(), config.logicalPageSize())));
        for (int layer = 0; layer < geometry.numLayers(); layer++) {
            String why = whyDense(geometry, layer);
            if (!why.isEmpty()) {
                lines.add("layer " + layer + " decode: dense, " + why);
            }
        }
        lines.add("prefill: " + config.prefill().name());
        config.prefill().explain(geometry, contextTokens).forEach(line -> lines.add("  " + line));
        return lines;
    }
}
