package dev.filigree.policies.duoattention;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.attention.SparseCrossover;
import dev.filigree.api.kvcache.HeadNeed;
import dev.filigree.api.kvcache.KvNeeds;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.policies.pattern.ComposedPlan;
import dev.filigree.policies.pattern.PatternPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;

/**
 * Two classes of KV heads: retrieval heads, planned by another policy, and streaming heads, token-exact in prefill and
 * decode alike, so that no result depends on how a prompt was chunked (DuoAttention sections 2.1 to 2.3). Heads are
 * addressed by index; no weight is reordered.
 */
public final class DuoAttentionPolicy implements AttentionPolicy {
    /** The name in configs. */
    public static final String NAME = "duoattention";

    private static final int F16_BYTES = 2;

    private final DuoAttentionConfig config;

    /** A policy with that split. */
    public DuoAttentionPolicy(DuoAttentionConfig config) {
        this.config = config;
    }

    /** The split. */
    public DuoAttentionConfig config() {
        return config;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public KvNeeds kvNeeds(ModelGeometry geometry) {
        HeadClasses classes = config.classes();
        if (classes.numLayers() != geometry.numLayers() || classes.numKvHeads() != geometry.numKvHeads()) {
            throw new PolicyRefusal(
                    NAME,
                    "gates must be " + geometry.numLayers() + " rows of " + geometry.numKvHeads() + " KV heads, not "
                            + classes.numLayers() + " of " + classes.numKvHeads(),
                    "attention.gates");
        }
        KvNeeds retrieval = config.retrieval().kvNeeds(geometry);
        List<List<HeadNeed>> layers = new ArrayList<>();
        for (int layer = 0; layer < geometry.numLayers(); layer++) {
            HeadNeed streaming = config.windows().need(geometry.windows().get(layer));
            List<HeadNeed> heads = new ArrayList<>();
            for (int head = 0; head < geometry.numKvHeads(); head++) {
                heads.add(classes.isRetrieval(layer, head) ? retrieval.of(layer, head) : streaming);
            }
            layers.add(heads);
        }
        return new KvNeeds(layers);
    }

    @Override
    public AttentionPlan plan(AttentionProblem problem) {
        OptionalInt window = problem.geometry().windows().get(problem.layer());
        HeadPattern streaming = config.windows().pattern(window);
        List<Integer> retrieving = heads(problem, true);
        List<Integer> rest = heads(problem, false);
        List<AttentionPlan> parts = new ArrayList<>();
        if (!retrieving.isEmpty()) {
            parts.add(config.retrieval().plan(problem.withHeads(retrieving)));
        }
        if (!rest.isEmpty()) {
            parts.add(PatternPlan.of(NAME, problem.withHeads(rest), head -> streaming));
        }
        return ComposedPlan.of(NAME, problem, parts);
    }

    private List<Integer> heads(AttentionProblem problem, boolean retrieval) {
        return problem.kvHeads().stream()
                .filter(head -> config.classes().isRetrieval(problem.layer(), head) == retrieval)
                .toList();
    }

    @Override
    public AttentionPolicy atStep(int step) {
        return withRetrieval(config.retrieval().atStep(step));
    }

    @Override
    public AttentionPolicy on(SparseCrossover crossover) {
        return withRetrieval(config.retrieval().on(crossover));
    }

    private AttentionPolicy withRetrieval(AttentionPolicy retrieval) {
        return new DuoAttentionPolicy(new DuoAttentionConfig(config.classes(), config.windows(), retrieval));
    }

    @Override
    public int chunkMultiple() {
        return config.retrieval().chunkMultiple();
    }

    @Override
    public double expectedDensity(Phase phase, int layer, long contextTokens) {
        return config.retrieval().expectedDensity(phase, layer, contextTokens);
    }

    @Override
    public List<String> explain(ModelGeometry geometry, long contextTokens) {
        HeadClasses classes = config.classes();
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT,
                "%d of %d KV heads retrieve (sparsity %.3f), the others see sink %d and recent %d",
                classes.numRetrieval(),
                classes.numLayers() * classes.numKvHeads(),
                classes.sparsity(),
                config.windows().sink(),
                config.windows().recent()));
        lines.add("retrieval heads per layer: "
                + java.util.stream.IntStream.range(0, classes.numLayers())
                        .mapToObj(layer -> Integer.toString(classes.numRetrieval(layer)))
                        .collect(java.util.stream.Collectors.joining(" ")));
        DuoMemory memory = new DuoMemory(geometry, classes, config.windows(), F16_BYTES);
        lines.add(String.format(
                Locale.ROOT,
                "KV bytes of %d tokens at 16 bits: 2 * (%d + %d) * (%d * %d + min(%d, %d) * %d) = %d, dense %d, %.2fx",
                contextTokens,
                geometry.headDimQk(),
                geometry.headDimVo(),
                contextTokens,
                classes.numRetrieval(),
                contextTokens,
                config.windows().sink() + (long) config.windows().recent(),
                classes.numLayers() * classes.numKvHeads() - classes.numRetrieval(),
                memory.bytes(contextTokens),
                memory.denseBytes(contextTokens),
                (double) memory.denseBytes(contextTokens) / Math.max(1, memory.bytes(contextTokens))));
        lines.add("retrieval heads: " + config.retrieval().name());
        config.retrieval().explain(geometry, contextTokens).forEach(line -> lines.add("  " + line));
        return lines;
    }
}
