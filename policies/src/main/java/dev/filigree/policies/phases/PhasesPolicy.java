package dev.filigree.policies.phases;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.attention.SparseCrossover;
import dev.filigree.api.kvcache.HeadNeed;
import dev.filigree.api.kvcache.KvNeeds;
import dev.filigree.policies.pattern.Needs;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Hands prefill to one policy and decode to another; the cache keeps what either may read. */
public final class PhasesPolicy implements AttentionPolicy {
    /** The name in configs. */
    public static final String NAME = "phases";

    private final AttentionPolicy prefill;
    private final AttentionPolicy decode;

    /** A policy of two. */
    public PhasesPolicy(AttentionPolicy prefill, AttentionPolicy decode) {
        this.prefill = prefill;
        this.decode = decode;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public KvNeeds kvNeeds(ModelGeometry geometry) {
        KvNeeds first = prefill.kvNeeds(geometry);
        KvNeeds second = decode.kvNeeds(geometry);
        List<List<HeadNeed>> layers = new ArrayList<>();
        for (int layer = 0; layer < geometry.numLayers(); layer++) {
            List<HeadNeed> heads = new ArrayList<>();
            for (int head = 0; head < geometry.numKvHeads(); head++) {
                heads.add(Needs.cover(NAME, first.of(layer, head), second.of(layer, head)));
            }
            layers.add(heads);
        }
        return new KvNeeds(layers);
    }

    @Override
    public AttentionPlan plan(AttentionProblem problem) {
        return of(problem.phase()).plan(problem);
    }

    @Override
    public AttentionPolicy atStep(int step) {
        return new PhasesPolicy(prefill.atStep(step), decode.atStep(step));
    }

    @Override
    public AttentionPolicy on(SparseCrossover crossover) {
        return new PhasesPolicy(prefill.on(crossover), decode.on(crossover));
    }

    @Override
    public int chunkMultiple() {
        return prefill.chunkMultiple();
    }

    @Override
    public double expectedDensity(Phase phase, int layer, long contextTokens) {
        return of(phase).expectedDensity(phase, layer, contextTokens);
    }

    @Override
    public List<String> explain(ModelGeometry geometry, long contextTokens) {
        List<String> lines = new ArrayList<>();
        for (Phase phase : Phase.values()) {
            lines.add(phase.name().toLowerCase(Locale.ROOT) + ": " + of(phase).name());
            of(phase).explain(geometry, contextTokens).forEach(line -> lines.add("  " + line));
        }
        return lines;
    }

    private AttentionPolicy of(Phase phase) {
        return phase == Phase.PREFILL ? prefill : decode;
    }
}
