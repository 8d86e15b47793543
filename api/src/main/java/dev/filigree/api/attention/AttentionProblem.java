package dev.filigree.api.attention;

import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.tensor.DType;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What an attention policy plans for: some KV heads of one layer in one phase.
 *
 * @param phase prefill or decode
 * @param layer 0-based
 * @param geometry the model's heads
 * @param kv where each head's keys and values live
 * @param kvHeads the KV heads to serve, ascending; the plan writes their query heads and no others
 * @param masking causal or bidirectional
 * @param scale factor on every score
 * @param dtype of q, the current k and v, and out
 * @param capacity the largest step
 */
public record AttentionProblem(
        Phase phase,
        int layer,
        ModelGeometry geometry,
        KvCachePlan kv,
        List<Integer> kvHeads,
        Masking masking,
        float scale,
        DType dtype,
        StepCapacity capacity) {

    /** Copies the list. */
    public AttentionProblem {
        kvHeads = List.copyOf(kvHeads);
    }

    /** All heads of a layer, causal, with the usual scale. */
    public static AttentionProblem of(Phase phase, int layer, KvCachePlan kv, DType dtype, StepCapacity capacity) {
        ModelGeometry geometry = kv.geometry();
        return new AttentionProblem(
                phase,
                layer,
                geometry,
                kv,
                IntStream.range(0, geometry.numKvHeads()).boxed().toList(),
                Masking.CAUSAL,
                (float) (1 / Math.sqrt(geometry.headDimQk())),
                dtype,
                capacity);
    }

    /** The same problem for some of its heads. */
    public AttentionProblem withHeads(List<Integer> heads) {
        return new AttentionProblem(phase, layer, geometry, kv, heads, masking, scale, dtype, capacity);
    }

    /** The same problem under another mask. */
    public AttentionProblem withMasking(Masking other) {
        return new AttentionProblem(phase, layer, geometry, kv, kvHeads, other, scale, dtype, capacity);
    }

    /** The served heads that belong to one KV class, ascending. */
    public List<Integer> headsOfClass(int kvClass) {
        return kvHeads.stream()
                .filter(head -> kv.headsOf(layer, kvClass).contains(head))
                .toList();
    }
}
