package dev.filigree.conformance.cases.shared;

import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.compare.Tolerances;
import dev.filigree.conformance.problem.Problem;
import java.util.Arrays;
import java.util.function.Function;

/** Properties that hold for every attention op, given how a problem is made from data. */
public final class AttentionProperty {

    /** Whether the query at a position sees the key at a position. */
    @FunctionalInterface
    public interface Sees {
        /** Absolute positions of query and key. */
        boolean test(int query, int key);
    }

    private AttentionProperty() {}

    /** Runs the problem of some data. */
    public static AttentionResult run(
            CaseContext context, AttentionData data, Function<AttentionData, Problem> problem) {
        return AttentionResult.of(data.shape(), context.run(problem.apply(data)));
    }

    /**
     * Puts NaN into one key at a time: exactly the queries that see the key must become NaN. This finds a mask that
     * lets one key too many through as well as one that hides one.
     *
     * @param data one sequence, queries standing at the end of the keys
     * @param problem makes the problem
     * @param sees the mask
     * @param keys the keys to try
     */
    public static void seesExactly(
            CaseContext context, AttentionData data, Function<AttentionData, Problem> problem, Sees sees, int... keys) {
        AttentionShape shape = data.shape();
        int shift = shape.kvLengths()[0] - shape.qLengths()[0];
        for (int key : keys) {
            AttentionResult result = run(context, data.withKey(0, key, Float.NaN), problem);
            for (int i = 0; i < shape.qLengths()[0]; i++) {
                int row = i;
                boolean seen = sees.test(i + shift, key);
                for (int h = 0; h < shape.numQoHeads(); h++) {
                    int head = h;
                    context.check(
                            seen ? result.isNaN(i, h) : result.isClean(i, h),
                            () -> "key " + key + " must " + (seen ? "" : "not ") + "reach the query at position "
                                    + (row + shift) + " (row " + row + ", head " + head + ") of " + shape.params());
                }
            }
        }
    }

    /** Each sequence of a batch must come out as it does alone. */
    public static void sequencesDoNotMix(
            CaseContext context, AttentionData data, Function<AttentionData, Problem> problem) {
        AttentionResult batch = run(context, data, problem);
        for (int s = 0; s < data.shape().numSeqs(); s++) {
            int[] rows = batch.rowsOf(s);
            AttentionResult alone = run(context, data.sequence(s), problem);
            same(context, "sequence " + s, alone, batch, rows[0], rows[1]);
        }
    }

    /** Rows {@code [from, to)} of a result must equal another result; both may be off by the op's tolerance. */
    public static void same(
            CaseContext context, String what, AttentionResult expected, AttentionResult actual, int from, int to) {
        context.close(
                what + " out",
                expected.out(),
                actual.out(from, to),
                Tolerances.attention(expected.shape().dtype()).betweenResults());
        context.close(
                what + " lse",
                expected.lse(),
                actual.lse(from, to),
                Tolerances.lse().betweenResults());
    }

    /** Two results must agree; both may be off by the op's tolerance. */
    public static void same(CaseContext context, String what, AttentionResult expected, AttentionResult actual) {
        same(context, what, expected, actual, 0, expected.shape().numTokens());
    }

    /** Rows without any key must have out 0 and lse -inf. */
    public static void emptyRows(CaseContext context, AttentionResult result, int from, int to) {
        float[] zeros = new float
                [(to - from) * result.shape().numQoHeads() * result.shape().headDimVo()];
        float[] infinite = new float[(to - from) * result.shape().numQoHeads()];
        Arrays.fill(infinite, Float.NEGATIVE_INFINITY);
        context.same("out of rows without keys", zeros, positiveZeros(result.out(from, to)));
        context.same("lse of rows without keys", infinite, result.lse(from, to));
    }

    private static float[] positiveZeros(float[] values) {
        float[] plain = values.clone();
        for (int i = 0; i < plain.length; i++) {
            plain[i] += 0f;
        }
        return plain;
    }
}
