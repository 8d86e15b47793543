package dev.filigree.policies.golden;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.attention.StepCapacity;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.KvCacheProblem;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.PrefillReads;
import dev.filigree.api.op.Rotary;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.tensor.DType;
import dev.filigree.policies.layer.LayerAttention;
import dev.filigree.policies.paged.PagedConfig;
import dev.filigree.policies.paged.PagedPolicy;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Small models and problems that the tests share. */
public final class Geometries {
    /** Three layers, the second with a window of 6. */
    public static final ModelGeometry GQA =
            new ModelGeometry(8, 4, 16, 16, List.of(OptionalInt.empty(), OptionalInt.of(6), OptionalInt.empty()));

    public static final StepCapacity CAPACITY = new StepCapacity(256, 3, 4, 1024, 2048);

    private Geometries() {}

    public static PagedPolicy paged(KvPrecision precision, PrefillReads reads) {
        return new PagedPolicy(new PagedConfig(8, precision, precision, reads));
    }

    public static KvCachePlan cache(ModelGeometry geometry, AttentionPolicy policy, PagedPolicy paged) {
        return paged.plan(new KvCacheProblem(geometry, policy.kvNeeds(geometry), 3, 1024, OptionalLong.empty()));
    }

    public static AttentionProblem problem(KvCachePlan kv, Phase phase, int layer) {
        return AttentionProblem.of(phase, layer, kv, DType.F32, CAPACITY);
    }

    public static Rotary rotary() {
        return new Rotary(Rotary.Style.HALF_SPLIT, 16, 1, TensorRef.of("rope.frequencies"));
    }

    /** All plans of a policy as text: needs, cache, and per layer and phase the steps. */
    public static String describe(ModelGeometry geometry, AttentionPolicy policy, PagedPolicy paged) {
        KvCachePlan kv = cache(geometry, policy, paged);
        StringBuilder text = new StringBuilder().append(kv).append('\n');
        for (int layer = 0; layer < geometry.numLayers(); layer++) {
            for (Phase phase : Phase.values()) {
                LayerAttention attention = LayerAttention.of(problem(kv, phase, layer), policy, Optional.of(rotary()));
                text.append(attention.plan())
                        .append("  patterns ")
                        .append(attention.attention().patterns())
                        .append("\n  constants ")
                        .append(attention.attention().constants())
                        .append("\n\n");
            }
        }
        return text.toString();
    }
}
