package com.example.sample.policy;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.KvAccess;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.kvcache.HeadNeed;
import dev.filigree.api.kvcache.KvNeeds;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.policy.PolicyRefusal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * Heads of the lower layers see the first {@code sink} and the last {@code recent} tokens, heads of the last {@code
 * denseLayers} layers see everything. A layer with a sliding window of its own never sees more than that.
 *
 * @param sink tokens from the start, 0 or more
 * @param recent last tokens, the query's own included, 1 or more
 * @param denseLayers layers from the top that see everything, 0 or more
 */
record WindowPolicy(int sink, int recent, int denseLayers) implements AttentionPolicy {
    static final String NAME = "sample-window";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public KvNeeds kvNeeds(ModelGeometry geometry) {
        List<List<HeadNeed>> layers = new ArrayList<>();
        for (int layer = 0; layer < geometry.numLayers(); layer++) {
            HeadNeed need = switch (pattern(geometry, layer)) {
                case HeadPattern.Dense dense -> HeadNeed.EVERYTHING;
                case HeadPattern.Streaming window -> HeadNeed.window(window.sink(), window.recent());
            };
            layers.add(Collections.nCopies(geometry.numKvHeads(), need));
        }
        return new KvNeeds(layers);
    }

    @Override
    public AttentionPlan plan(AttentionProblem problem) {
        if (problem.masking() != Masking.CAUSAL) {
            throw new PolicyRefusal(NAME, "masking must be CAUSAL, not " + problem.masking(), "attention.policy");
        }
        HeadPattern pattern = pattern(problem.geometry(), problem.layer());
        PlanBuilder builder = new PlanBuilder(NAME + ".layer" + problem.layer());
        Map<Integer, KvAccess> access = new TreeMap<>();
        Map<Integer, String> patterns = new TreeMap<>();
        for (int kvClass = 0; kvClass < problem.kv().classes().size(); kvClass++) {
            List<Integer> heads = problem.headsOfClass(kvClass);
            if (!heads.isEmpty()) {
                KvAccess reads = KvReading.access(problem, kvClass);
                builder.add(new WindowSteps(problem, builder).attention(kvClass, reads, pattern));
                access.put(kvClass, reads);
                heads.forEach(head -> patterns.put(head, pattern.toString()));
            }
        }
        return new AttentionPlan(NAME, builder.build(), access, patterns, List.of());
    }

    /** What the heads of a layer see. */
    private HeadPattern pattern(ModelGeometry geometry, int layer) {
        OptionalInt own = geometry.windows().get(layer);
        boolean dense = layer >= geometry.numLayers() - denseLayers;
        if (own.isPresent()) {
            return new HeadPattern.Streaming(0, dense ? own.getAsInt() : Math.min(recent, own.getAsInt()));
        }
        return dense ? HeadPattern.DENSE : new HeadPattern.Streaming(sink, recent);
    }
}
