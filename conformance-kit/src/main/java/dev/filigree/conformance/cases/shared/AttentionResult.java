package dev.filigree.conformance.cases.shared;

import dev.filigree.conformance.problem.Outputs;
import java.util.Arrays;

/**
 * What an attention step wrote.
 *
 * @param shape extents of the problem
 * @param out {@code [numTokens, numQoHeads, headDimVo]}
 * @param lse {@code [numTokens, numQoHeads]}
 */
@SuppressWarnings("ArrayRecordComponent") // compared by no one
public record AttentionResult(AttentionShape shape, float[] out, float[] lse) {

    /** The outputs {@code out} and {@code lse} of a run. */
    public static AttentionResult of(AttentionShape shape, Outputs outputs) {
        return new AttentionResult(shape, outputs.values("out"), outputs.values("lse"));
    }

    /** Outputs of the packed rows {@code [from, to)}. */
    public float[] out(int from, int to) {
        return AttentionData.rows(out, from, to, shape.numQoHeads() * shape.headDimVo());
    }

    /** Logarithms of the packed rows {@code [from, to)}. */
    public float[] lse(int from, int to) {
        return AttentionData.rows(lse, from, to, shape.numQoHeads());
    }

    /** Outputs of one head of the packed rows {@code [from, to)}. */
    public float[] out(int from, int to, int head) {
        int dim = shape.headDimVo();
        float[] values = new float[(to - from) * dim];
        for (int i = from; i < to; i++) {
            System.arraycopy(out, (i * shape.numQoHeads() + head) * dim, values, (i - from) * dim, dim);
        }
        return values;
    }

    /** Whether all outputs and logarithms of a row and head are NaN. */
    public boolean isNaN(int row, int head) {
        float[] values = out(row, row + 1, head);
        for (float value : values) {
            if (!Float.isNaN(value)) {
                return false;
            }
        }
        return Float.isNaN(lse[row * shape.numQoHeads() + head]);
    }

    /** Whether a row and head holds no NaN at all. */
    public boolean isClean(int row, int head) {
        for (float value : out(row, row + 1, head)) {
            if (Float.isNaN(value)) {
                return false;
            }
        }
        return !Float.isNaN(lse[row * shape.numQoHeads() + head]);
    }

    /** Rows of a sequence as {@code {from, to}}. */
    public int[] rowsOf(int seq) {
        int[] offsets = AttentionShape.offsets(shape.qLengths());
        return Arrays.copyOfRange(offsets, seq, seq + 2);
    }
}
