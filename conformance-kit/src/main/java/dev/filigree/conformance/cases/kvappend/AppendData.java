package dev.filigree.conformance.cases.kvappend;

import dev.filigree.api.op.KvAppend;
import dev.filigree.api.op.KvPages;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.conformance.cases.shared.AttentionData;
import dev.filigree.conformance.cases.shared.AttentionShape;
import dev.filigree.conformance.cases.shared.PagedPool;
import dev.filigree.conformance.cases.shared.RotaryCode;
import dev.filigree.conformance.cases.shared.RowProblem;
import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import java.util.Arrays;
import java.util.Optional;

/**
 * A pool with a past and tokens to append.
 *
 * @param shape extents
 * @param pool the pool before
 * @param k packed new keys of all KV heads
 * @param v packed new values of all KV heads
 */
@SuppressWarnings("ArrayRecordComponent") // compared by no one
public record AppendData(AppendShape shape, PagedPool pool, float[] k, float[] v) {

    /** Random past and random tokens. */
    public static AppendData random(Generator generator, AppendShape shape) {
        int classHeads = shape.classHeads().size();
        PagedPool pool = PagedPool.empty(
                generator,
                shape.spec(),
                shape.spec().layout(classHeads, shape.headDimQk(), shape.headDimVo()),
                shape.lengths());
        for (int s = 0; s < shape.past().length; s++) {
            float[] k = generator.outliers(shape.past()[s], classHeads * shape.headDimQk(), 6);
            float[] v = generator.normals(shape.past()[s] * classHeads * shape.headDimVo());
            for (int p = 0; p < shape.past()[s]; p++) {
                pool.append(s, p, k, v, p);
            }
        }
        int fresh = Arrays.stream(shape.fresh()).sum();
        int heads = AppendShape.NUM_KV_HEADS;
        float[] k = generator.outliers(fresh, heads * shape.headDimQk(), 6);
        float[] v = generator.outliers(fresh, heads * shape.headDimVo(), 6);
        return new AppendData(shape, pool, RowProblem.rounded(k, shape.dtype()), RowProblem.rounded(v, shape.dtype()));
    }

    /**
     * The same with tokens at the edges of what a page can hold, one kind per token in turn: zeros, constants of either sign,
     * the ends of f16 (LServe; QServe section 5.1 stores scales in it), a small range far from 0, subnormals of f16, and one
     * huge channel.
     */
    public AppendData extremes() {
        return new AppendData(shape, pool, extremes(k, shape.headDimQk()), extremes(v, shape.headDimVo()));
    }

    private float[] extremes(float[] rows, int dim) {
        int width = AppendShape.NUM_KV_HEADS * dim;
        float[] x = new float[rows.length];
        for (int i = 0; i < x.length; i++) {
            int channel = i % dim;
            x[i] = switch (i / width % 9) {
                case 0 -> 0;
                case 1 -> 3.25f;
                case 2 -> -0x1p-9f;
                case 3 -> channel % 2 == 0 ? 65504 : -65504;
                case 4 -> 100 + 0.1f * channel / dim;
                case 5 -> -100 - 0.1f * channel / dim;
                case 6 -> channel % 16 * 0x1p-24f;
                case 7 -> channel == dim / 2 ? 60000 : rows[i] / 8;
                default -> channel == 0 ? 1 : 0;
            };
        }
        return RowProblem.rounded(x, shape.dtype());
    }

    /** Positions of the new tokens. */
    public int[] positions() {
        int[] offsets = AttentionShape.offsets(shape.fresh());
        int[] positions = new int[offsets[offsets.length - 1]];
        for (int s = 0; s < shape.fresh().length; s++) {
            for (int i = 0; i < shape.fresh()[s]; i++) {
                positions[offsets[s] + i] = shape.past()[s] + i;
            }
        }
        return positions;
    }

    /** The pool as the rules say it must be afterwards. */
    public PagedPool expected(Optional<RotaryCode> rotary) {
        PagedPool after = pool.copy();
        int[] offsets = AttentionShape.offsets(shape.fresh());
        int[] positions = positions();
        for (int s = 0; s < shape.fresh().length; s++) {
            for (int row = offsets[s]; row < offsets[s + 1]; row++) {
                float[] key = classRows(k, row, shape.headDimQk());
                int position = positions[row];
                float[] turned = rotary.map(r -> turned(r, key, position)).orElse(key);
                after.append(s, position, turned, classRows(v, row, shape.headDimVo()), 0);
            }
        }
        return after;
    }

    private float[] turned(RotaryCode rotary, float[] rows, int position) {
        float[] result = new float[rows.length];
        int dim = shape.headDimQk();
        for (int head = 0; head < rows.length / dim; head++) {
            double[] vector = new double[dim];
            for (int c = 0; c < dim; c++) {
                vector[c] = rows[head * dim + c];
            }
            rotary.turn(vector, position);
            for (int c = 0; c < dim; c++) {
                result[head * dim + c] = AttentionData.round((float) vector[c], shape.dtype());
            }
        }
        return result;
    }

    /** The class's heads of one packed row. */
    public float[] classRows(float[] packed, int row, int dim) {
        float[] rows = new float[shape.classHeads().size() * dim];
        for (int i = 0; i < shape.classHeads().size(); i++) {
            int from = (row * AppendShape.NUM_KV_HEADS + shape.classHeads().get(i)) * dim;
            System.arraycopy(packed, from, rows, i * dim, dim);
        }
        return rows;
    }

    /** The problem of appending. */
    public Problem problem(Optional<RotaryCode> rotary) {
        ProblemBuilder builder = new ProblemBuilder("append");
        int[] positions = positions();
        Dim numTokens = builder.axis("numTokens", positions.length);
        Dim heads = Dim.fixed("numKvHeads", AppendShape.NUM_KV_HEADS);
        TensorRef kRef =
                builder.input("k", shape.dtype(), k, numTokens, heads, Dim.fixed("headDimQk", shape.headDimQk()));
        TensorRef vRef =
                builder.input("v", shape.dtype(), v, numTokens, heads, Dim.fixed("headDimVo", shape.headDimVo()));
        KvPages kv = pool.declare(builder, TensorRole.STATE);
        TensorRef qOffsets = builder.ints(
                "qOffsets",
                AttentionShape.offsets(shape.fresh()),
                builder.axis("numSeqs", shape.fresh().length).plusOne());
        TensorRef at = builder.ints("positions", positions, numTokens);
        builder.workload(shape.fresh().length, positions.length, 1);
        return builder.add(new KvAppend(
                        shape.headMap(), kv, rotary.map(r -> r.declare(builder)), kRef, vRef, qOffsets, at))
                .build();
    }
}
