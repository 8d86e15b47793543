package dev.filigree.conformance.cases.shared;

import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.problem.Layout;
import java.util.Arrays;

/**
 * Extents of an attention problem over a ragged batch.
 *
 * @param qLengths query tokens per sequence
 * @param kvLengths key tokens per sequence
 * @param numQoHeads query heads
 * @param numKvHeads KV heads
 * @param headDimQk width of queries and keys
 * @param headDimVo width of values and outputs
 * @param dtype of q, k, v and out
 * @param layout of q, k and v
 */
@SuppressWarnings("ArrayRecordComponent") // compared by no one
public record AttentionShape(
        int[] qLengths,
        int[] kvLengths,
        int numQoHeads,
        int numKvHeads,
        int headDimQk,
        int headDimVo,
        DType dtype,
        Layout layout) {

    /** One sequence, two query heads on one KV head of 32 channels, f32. */
    public static AttentionShape of(int qLength, int kvLength) {
        return ragged(new int[] {qLength}, new int[] {kvLength});
    }

    /** Several sequences, two query heads on one KV head of 32 channels, f32. */
    public static AttentionShape ragged(int[] qLengths, int[] kvLengths) {
        return new AttentionShape(qLengths, kvLengths, 2, 1, 32, 32, DType.F32, Layout.CONTIGUOUS);
    }

    /** Other head counts. */
    public AttentionShape heads(int qo, int kv) {
        return new AttentionShape(qLengths, kvLengths, qo, kv, headDimQk, headDimVo, dtype, layout);
    }

    /** Other head dims. */
    public AttentionShape dims(int qk, int vo) {
        return new AttentionShape(qLengths, kvLengths, numQoHeads, numKvHeads, qk, vo, dtype, layout);
    }

    /** Another dtype. */
    public AttentionShape dtype(DType other) {
        return new AttentionShape(qLengths, kvLengths, numQoHeads, numKvHeads, headDimQk, headDimVo, other, layout);
    }

    /** Another layout of q, k and v. */
    public AttentionShape layout(Layout other) {
        return new AttentionShape(qLengths, kvLengths, numQoHeads, numKvHeads, headDimQk, headDimVo, dtype, other);
    }

    /** Other lengths. */
    public AttentionShape lengths(int[] q, int[] kv) {
        return new AttentionShape(q, kv, numQoHeads, numKvHeads, headDimQk, headDimVo, dtype, layout);
    }

    /** Sequences. */
    public int numSeqs() {
        return qLengths.length;
    }

    /** Query tokens of all sequences. */
    public int numTokens() {
        return Arrays.stream(qLengths).sum();
    }

    /** Key tokens of all sequences. */
    public int numKvTokens() {
        return Arrays.stream(kvLengths).sum();
    }

    /** Key tokens of the longest sequence. */
    public int maxKvLength() {
        return Arrays.stream(kvLengths).max().orElse(0);
    }

    /** The usual factor on scores. */
    public float scale() {
        return (float) (1 / Math.sqrt(headDimQk));
    }

    /** The shape as case parameters. */
    public Params params() {
        Params params = Params.of(
                "dtype",
                dtype,
                "q",
                qLengths,
                "kv",
                kvLengths,
                "heads",
                numQoHeads + "/" + numKvHeads,
                "dims",
                headDimQk + "/" + headDimVo);
        return layout == Layout.CONTIGUOUS ? params : params.with("layout", layout);
    }

    /** {@code [numSeqs + 1]} offsets of packed sequences. */
    public static int[] offsets(int[] lengths) {
        int[] offsets = new int[lengths.length + 1];
        for (int i = 0; i < lengths.length; i++) {
            offsets[i + 1] = offsets[i] + lengths[i];
        }
        return offsets;
    }
}
