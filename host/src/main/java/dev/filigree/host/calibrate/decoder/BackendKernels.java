package dev.filigree.host.calibrate.decoder;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.host.arrays.ArrayPlan;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** The heavy steps as one-op plans of a backend, in fp32. Not thread-safe. */
public final class BackendKernels implements DecoderKernels {
    private final DecoderArrays model;
    private final Backend backend;
    private final int maxTokens;
    private final BufferScope scope;
    private final ExecutionStream stream;
    private final Map<String, DeviceBuffer> rows;
    private final IdentityHashMap<Matrix, ArrayPlan> forward = new IdentityHashMap<>();
    private final IdentityHashMap<Matrix, ArrayPlan> backward = new IdentityHashMap<>();
    private final Map<HeadPattern, ArrayPlan> attention = new HashMap<>();

    /**
     * Kernels for one model; weights go to the backend when first used.
     *
     * @param backend open; stays the caller's
     * @param maxTokens rows of the longest call
     */
    public BackendKernels(DecoderArrays model, Backend backend, int maxTokens) {
        this.model = model;
        this.backend = backend;
        this.maxTokens = maxTokens;
        this.scope = backend.openScope();
        this.stream = backend.openStream();
        long rowBytes = 4L * maxTokens * KernelPlans.widest(model);
        // All products take turns on the same rows.
        this.rows = Map.of("x", scope.allocate(rowBytes), "y", scope.allocate(rowBytes));
    }

    /** One plan of each kind that these kernels will ask a backend for, to choose the backend by. */
    public static List<Plan> samplePlans(DecoderArrays model, HeadPattern.Streaming pattern, int maxTokens) {
        return KernelPlans.samples(model, pattern, maxTokens);
    }

    @Override
    public double[] linear(Matrix weight, double[] x, int numRows) {
        ArrayPlan op = forward.computeIfAbsent(weight, w -> {
            ArrayPlan fresh = op(KernelPlans.linear(w.inFeatures(), w.outFeatures(), w.hasBias(), maxTokens));
            fresh.writeFloats("weight", w.values());
            if (w.hasBias()) {
                fresh.writeFloats("bias", w.bias());
            }
            return fresh;
        });
        return product(op, x, numRows, weight.inFeatures(), weight.outFeatures());
    }

    @Override
    public double[] linearBackward(Matrix weight, double[] dy, int numRows) {
        ArrayPlan op = backward.computeIfAbsent(weight, w -> {
            ArrayPlan fresh = op(KernelPlans.linear(w.outFeatures(), w.inFeatures(), false, maxTokens));
            fresh.writeFloats("weight", w.transposed());
            return fresh;
        });
        return product(op, dy, numRows, weight.outFeatures(), weight.inFeatures());
    }

    private static double[] product(ArrayPlan op, double[] x, int numRows, int in, int out) {
        double[] y = new double[Math.multiplyExact(numRows, out)];
        if (numRows > 0) {
            op.axis("numTokens", numRows);
            op.write("x", x, numRows * in);
            op.run();
            op.read("y", y);
        }
        return y;
    }

    @Override
    public double[] dense(double[] q, double[] k, double[] v, int numTokens, double[] lse) {
        return attend(attentionOp(HeadPattern.DENSE), q, k, v, numTokens, numTokens, lse);
    }

    @Override
    public double[] streaming(
            HeadPattern.Streaming pattern,
            double[] q,
            int numRows,
            int qStart,
            double[] k,
            double[] v,
            int[] keyPositions,
            double[] lse) {
        ArrayPlan op = attentionOp(pattern);
        op.writeInts("qPositions", IntStream.range(qStart, qStart + numRows).toArray());
        op.writeInts("kvPositions", keyPositions);
        return attend(op, q, k, v, numRows, keyPositions.length, lse);
    }

    private double[] attend(ArrayPlan op, double[] q, double[] k, double[] v, int rows, int keys, double[] lse) {
        op.axis("numTokens", rows).axis("numKvTokens", keys);
        op.writeInts("qOffsets", new int[] {0, rows});
        op.writeInts("kvOffsets", new int[] {0, keys});
        op.write("q", q, rows * model.qWidth());
        op.write("k", k, keys * model.kvWidth());
        op.write("v", v, keys * model.kvWidth());
        op.run();
        op.read("lse", lse);
        double[] out = new double[rows * model.qWidth()];
        op.read("out", out);
        return out;
    }

    private ArrayPlan attentionOp(HeadPattern pattern) {
        return attention.computeIfAbsent(pattern, p -> op(KernelPlans.attention(model, p, maxTokens)));
    }

    private ArrayPlan op(Plan plan) {
        return new ArrayPlan(backend, scope, stream, plan, rows);
    }

    @Override
    public void close() {
        forward.values().forEach(ArrayPlan::close);
        backward.values().forEach(ArrayPlan::close);
        attention.values().forEach(ArrayPlan::close);
        stream.close();
        scope.close();
    }
}
