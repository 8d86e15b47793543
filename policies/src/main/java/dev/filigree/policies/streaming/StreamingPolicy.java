package dev.filigree.policies.streaming;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.kvcache.KvNeeds;
import dev.filigree.policies.pattern.PatternPlan;
import java.util.Collections;
import java.util.List;

/** Streaming attention in every head of every layer, at original positions, over a cache that keeps no more. */
public final class StreamingPolicy implements AttentionPolicy {
    /** The name in configs. */
    public static final String NAME = "streaming";

    private final StreamingConfig config;

    /** A policy with those windows. */
    public StreamingPolicy(StreamingConfig config) {
        this.config = config;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public KvNeeds kvNeeds(ModelGeometry geometry) {
        return new KvNeeds(geometry.windows().stream()
                .map(window -> Collections.nCopies(geometry.numKvHeads(), config.need(window)))
                .map(List::copyOf)
                .toList());
    }

    @Override
    public AttentionPlan plan(AttentionProblem problem) {
        HeadPattern pattern = config.pattern(problem.geometry().windows().get(problem.layer()));
        return PatternPlan.of(NAME, problem, head -> pattern);
    }
}
