package dev.filigree.policies.dense;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.kvcache.HeadNeed;
import dev.filigree.api.kvcache.KvNeeds;
import dev.filigree.policies.pattern.PatternPlan;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;

/**
 * Dense attention. A layer with the model's own sliding window sees that window and keeps no more of its past.
 */
public final class DensePolicy implements AttentionPolicy {
    /** The name in configs. */
    public static final String NAME = "dense";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public KvNeeds kvNeeds(ModelGeometry geometry) {
        return new KvNeeds(geometry.windows().stream()
                .map(window -> Collections.nCopies(geometry.numKvHeads(), need(window)))
                .map(List::copyOf)
                .toList());
    }

    @Override
    public AttentionPlan plan(AttentionProblem problem) {
        HeadPattern pattern = pattern(problem.geometry().windows().get(problem.layer()));
        return PatternPlan.of(NAME, problem, head -> pattern);
    }

    /** What a head of a layer with that window sees. */
    public static HeadPattern pattern(OptionalInt window) {
        return window.isPresent() ? new HeadPattern.Streaming(0, window.getAsInt()) : HeadPattern.DENSE;
    }

    /** What a head of a layer with that window keeps. */
    public static HeadNeed need(OptionalInt window) {
        return window.isPresent() ? HeadNeed.window(0, window.getAsInt()) : HeadNeed.EVERYTHING;
    }
}
