package dev.filigree.conformance.cases.kvdequantize;

import dev.filigree.api.kvcache.Retention;
import dev.filigree.api.op.KvDequantize;
import dev.filigree.api.op.KvPages;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.kvappend.AppendData;
import dev.filigree.conformance.cases.kvappend.AppendShape;
import dev.filigree.conformance.cases.shared.AttentionShape;
import dev.filigree.conformance.cases.shared.PagedPool;
import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import java.util.Arrays;
import java.util.List;

/**
 * A gather of what is retained of the past and the current tokens.
 *
 * @param data pool with a past, and current tokens
 * @param retention which past rows come out
 * @param roundCurrent whether current rows pass through storage
 * @param out dtype of the outputs
 */
record GatherData(AppendData data, Retention retention, boolean roundCurrent, DType out) {

    /** Rows per sequence. */
    int[] rows() {
        AppendShape shape = data.shape();
        int[] rows = new int[shape.past().length];
        for (int s = 0; s < rows.length; s++) {
            rows[s] = (int) retention.retainedTokens(shape.past()[s]) + shape.fresh()[s];
        }
        return rows;
    }

    Problem problem() {
        AppendShape shape = data.shape();
        ProblemBuilder builder = new ProblemBuilder("gather");
        int numSeqs = shape.past().length;
        int[] qOffsets = AttentionShape.offsets(shape.fresh());
        int[] kvOffsets = AttentionShape.offsets(rows());
        Dim numTokens = builder.axis("numTokens", qOffsets[numSeqs]);
        Dim numKvTokens = builder.axis("numKvTokens", kvOffsets[numSeqs]);
        Dim seqs = builder.axis("numSeqs", numSeqs);
        Dim layerHeads = Dim.fixed("numKvHeads", AppendShape.NUM_KV_HEADS);
        Dim classHeads = Dim.fixed("numHeads", shape.classHeads().size());
        Dim qk = Dim.fixed("headDimQk", shape.headDimQk());
        Dim vo = Dim.fixed("headDimVo", shape.headDimVo());
        KvPages kv = data.pool().declare(builder, TensorRole.INPUT);
        TensorRef kCurrent = builder.input("kCurrent", shape.dtype(), data.k(), numTokens, layerHeads, qk);
        TensorRef vCurrent = builder.input("vCurrent", shape.dtype(), data.v(), numTokens, layerHeads, vo);
        builder.workload(numSeqs, qOffsets[numSeqs], 1);
        return builder.add(new KvDequantize(
                        shape.headMap(),
                        kv,
                        retention,
                        roundCurrent,
                        kCurrent,
                        vCurrent,
                        builder.ints("qOffsets", qOffsets, seqs.plusOne()),
                        builder.ints("pastLengths", shape.past(), seqs),
                        builder.ints("kvOffsets", kvOffsets, seqs.plusOne()),
                        builder.output("k", out, numKvTokens, classHeads, qk),
                        builder.output("v", out, numKvTokens, classHeads, vo),
                        builder.output("kvPositions", DType.I32, numKvTokens)))
                .build();
    }

    /** What must come out, as {@code {k, v}} rows and their positions. */
    Expected expected() {
        AppendShape shape = data.shape();
        PagedPool stored = data.pool();
        int[] kvOffsets = AttentionShape.offsets(rows());
        int numRows = kvOffsets[kvOffsets.length - 1];
        int heads = shape.classHeads().size();
        Expected expected = new Expected(
                new float[numRows * heads * shape.headDimQk()],
                new float[numRows * heads * shape.headDimVo()],
                new int[numRows]);
        int[] qOffsets = AttentionShape.offsets(shape.fresh());
        for (int s = 0; s < shape.past().length; s++) {
            int past = shape.past()[s];
            int retained = (int) retention.retainedTokens(past);
            for (int i = 0; i < retained + shape.fresh()[s]; i++) {
                int row = kvOffsets[s] + i;
                boolean current = i >= retained;
                int position = current ? past + i - retained : past(i, past, retained);
                expected.positions()[row] = position;
                int token = qOffsets[s] + i - retained;
                for (int h = 0; h < heads; h++) {
                    float[] key = current ? current(true, token, h) : stored.key(s, position, h);
                    float[] value = current ? current(false, token, h) : stored.value(s, position, h);
                    System.arraycopy(key, 0, expected.k(), (row * heads + h) * key.length, key.length);
                    System.arraycopy(value, 0, expected.v(), (row * heads + h) * value.length, value.length);
                }
            }
        }
        return expected;
    }

    // Retained are the sink and then the newest: spelled out here, beside the api's own formula.
    private int past(int row, int past, int retained) {
        int sink = retention instanceof Retention.SinkAndRecent(int tokens, int recent) ? tokens : past;
        return row < sink ? row : past - retained + row;
    }

    private float[] current(boolean key, int token, int head) {
        AppendShape shape = data.shape();
        int dim = key ? shape.headDimQk() : shape.headDimVo();
        float[] rows = data.classRows(key ? data.k() : data.v(), token, dim);
        float[] row = Arrays.copyOfRange(rows, head * dim, (head + 1) * dim);
        if (!roundCurrent) {
            return row;
        }
        AppendShape one = new AppendShape(new int[] {0}, new int[] {1}, List.of(0), dim, dim, DType.F32, shape.spec());
        PagedPool scratch =
                PagedPool.empty(new Generator(0), one.spec(), one.spec().layout(1, dim, dim), new int[] {1});
        scratch.append(0, 0, row, row, 0);
        return key ? scratch.key(0, 0, 0) : scratch.value(0, 0, 0);
    }

    /**
     * Rows in order.
     *
     * @param k keys
     * @param v values
     * @param positions absolute
     */
    @SuppressWarnings("ArrayRecordComponent") // compared by no one
    record Expected(float[] k, float[] v, int[] positions) {}
}
