package dev.filigree.conformance.cases.shared;

import dev.filigree.api.tensor.Codes;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.generate.Generator;
import java.util.Arrays;

/**
 * Queries, keys and values of a ragged batch as plain arrays, one per sequence, {@code [length, heads, headDim]}
 * row-major and already rounded to the storage dtype.
 */
public final class AttentionData {
    private final AttentionShape shape;
    private final float[][] q;
    private final float[][] k;
    private final float[][] v;

    /** Data of a shape; the arrays are not copied. */
    public AttentionData(AttentionShape shape, float[][] q, float[][] k, float[][] v) {
        this.shape = shape;
        this.q = q;
        this.k = k;
        this.v = v;
    }

    /** Normals with outlier channels in keys and values. */
    public static AttentionData random(Generator generator, AttentionShape shape) {
        int numSeqs = shape.numSeqs();
        float[][] q = new float[numSeqs][];
        float[][] k = new float[numSeqs][];
        float[][] v = new float[numSeqs][];
        for (int s = 0; s < numSeqs; s++) {
            q[s] = generator.normals(shape.qLengths()[s] * shape.numQoHeads() * shape.headDimQk());
            k[s] = generator.outliers(shape.kvLengths()[s], shape.numKvHeads() * shape.headDimQk(), 4);
            v[s] = generator.outliers(shape.kvLengths()[s], shape.numKvHeads() * shape.headDimVo(), 8);
        }
        return new AttentionData(
                shape, rounded(q, shape.dtype()), rounded(k, shape.dtype()), rounded(v, shape.dtype()));
    }

    /** Values as a dtype stores them. */
    public static float round(float value, DType dtype) {
        return switch (dtype) {
            case F16 -> Float.float16ToFloat(Float.floatToFloat16(value));
            case BF16 -> Codes.bf16ToFloat(Codes.floatToBf16(value));
            default -> value;
        };
    }

    private static float[][] rounded(float[][] sequences, DType dtype) {
        for (float[] sequence : sequences) {
            for (int i = 0; i < sequence.length; i++) {
                sequence[i] = round(sequence[i], dtype);
            }
        }
        return sequences;
    }

    /** The extents. */
    public AttentionShape shape() {
        return shape;
    }

    /** Queries of a sequence, {@code [qLength, numQoHeads, headDimQk]}. */
    public float[] q(int seq) {
        return q[seq];
    }

    /** Keys of a sequence, {@code [kvLength, numKvHeads, headDimQk]}. */
    public float[] k(int seq) {
        return k[seq];
    }

    /** Values of a sequence, {@code [kvLength, numKvHeads, headDimVo]}. */
    public float[] v(int seq) {
        return v[seq];
    }

    /** One sequence alone. */
    public AttentionData sequence(int seq) {
        AttentionShape alone = shape.lengths(new int[] {shape.qLengths()[seq]}, new int[] {shape.kvLengths()[seq]});
        return new AttentionData(alone, new float[][] {q[seq]}, new float[][] {k[seq]}, new float[][] {v[seq]});
    }

    /** Of a single sequence, the queries {@code [qFrom, qTo)} over the keys {@code [kvFrom, kvTo)}. */
    public AttentionData part(int qFrom, int qTo, int kvFrom, int kvTo) {
        AttentionShape part = shape.lengths(new int[] {qTo - qFrom}, new int[] {kvTo - kvFrom});
        return new AttentionData(
                part,
                new float[][] {rows(q[0], qFrom, qTo, shape.numQoHeads() * shape.headDimQk())},
                new float[][] {rows(k[0], kvFrom, kvTo, shape.numKvHeads() * shape.headDimQk())},
                new float[][] {rows(v[0], kvFrom, kvTo, shape.numKvHeads() * shape.headDimVo())});
    }

    /** A copy whose arrays may be changed. */
    public AttentionData copy() {
        return new AttentionData(shape, copy(q), copy(k), copy(v));
    }

    /** A copy with one value in all channels of one key of a sequence, all heads. */
    public AttentionData withKey(int seq, int key, float value) {
        AttentionData changed = copy();
        int width = shape.numKvHeads() * shape.headDimQk();
        Arrays.fill(changed.k[seq], key * width, (key + 1) * width, value);
        return changed;
    }

    /** All sequences' arrays one after the other. */
    public static float[] packed(float[][] sequences) {
        float[] all = new float[Arrays.stream(sequences).mapToInt(s -> s.length).sum()];
        int at = 0;
        for (float[] sequence : sequences) {
            System.arraycopy(sequence, 0, all, at, sequence.length);
            at += sequence.length;
        }
        return all;
    }

    /** Packed queries. */
    public float[] packedQ() {
        return packed(q);
    }

    /** Packed keys. */
    public float[] packedK() {
        return packed(k);
    }

    /** Packed values. */
    public float[] packedV() {
        return packed(v);
    }

    /** Rows of an array of rows. */
    public static float[] rows(float[] values, int from, int to, int width) {
        return Arrays.copyOfRange(values, from * width, to * width);
    }

    private static float[][] copy(float[][] sequences) {
        return Arrays.stream(sequences).map(float[]::clone).toArray(float[][]::new);
    }
}
