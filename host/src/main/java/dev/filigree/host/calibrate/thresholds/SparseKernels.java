package dev.filigree.host.calibrate.thresholds;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.op.AntidiagonalScore;
import dev.filigree.api.op.BlockSelect;
import dev.filigree.api.op.BlockSparseAttention;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.arrays.ArrayPlan;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.LayerTrace;
import java.util.Map;

/** XAttention's three steps over one whole prompt, as a plan of a backend in fp32. Not thread-safe. */
public final class SparseKernels implements AutoCloseable {
    private final DecoderArrays model;
    private final XAttentionShape shape;
    private final int maxTokens;
    private final BufferScope scope;
    private final ExecutionStream stream;
    private final ArrayPlan op;

    /** Kernels for one model and shape; see {@link #plan}. */
    public SparseKernels(DecoderArrays model, XAttentionShape shape, Backend backend, int maxTokens) {
        this.model = model;
        this.shape = shape;
        this.maxTokens = maxTokens;
        this.scope = backend.openScope();
        this.stream = backend.openStream();
        this.op = new ArrayPlan(backend, scope, stream, plan(model, shape, maxTokens), Map.of());
    }

    /** The plan: estimate, select, attend. */
    public static Plan plan(DecoderArrays model, XAttentionShape shape, int maxTokens) {
        PlanBuilder builder = new PlanBuilder("calibrate.xattention");
        int heads = model.geometry().numQoHeads();
        int blocks = shape.numBlocks(maxTokens);
        Dim tokens = Dim.upTo("numTokens", maxTokens);
        Dim keys = Dim.upTo("numKvTokens", maxTokens);
        Dim h = Dim.fixed("numQoHeads", heads);
        Dim kv = Dim.fixed("numKvHeads", model.geometry().numKvHeads());
        Dim c = Dim.fixed("headDim", model.headDim());
        Dim rows = Dim.upTo("numQBlocks", blocks);
        Dim columns = Dim.fixed("maxKvBlocks", blocks);
        Dim two = Dim.fixed("numOffsets", 2);
        TensorRef q = builder.declare("q", TensorRole.INPUT, DType.F32, tokens, h, c);
        TensorRef k = builder.declare("k", TensorRole.INPUT, DType.F32, keys, kv, c);
        TensorRef v = builder.declare("v", TensorRole.INPUT, DType.F32, keys, kv, c);
        TensorRef qOffsets = builder.declare("qOffsets", TensorRole.INPUT, DType.I32, two);
        TensorRef kvOffsets = builder.declare("kvOffsets", TensorRole.INPUT, DType.I32, two);
        TensorRef blockRows = builder.declare("qBlockOffsets", TensorRole.INPUT, DType.I32, two);
        TensorRef thresholds = builder.declare("thresholds", TensorRole.WEIGHT, DType.F32, h);
        TensorRef mass = builder.declare("blockMass", TensorRole.OUTPUT, DType.F32, rows, h, columns);
        TensorRef counts = builder.declare("blockCounts", TensorRole.OUTPUT, DType.I32, rows, h);
        TensorRef indices = builder.temp("blockIndices", DType.I32, rows, h, columns);
        TensorRef out = builder.declare("out", TensorRole.OUTPUT, DType.F32, tokens, h, c);
        TensorRef lse = builder.declare("lse", TensorRole.OUTPUT, DType.F32, tokens, h);
        HeadMap map = HeadMap.all(heads, model.geometry().numKvHeads());
        float scale = (float) model.scale();
        builder.add(new AntidiagonalScore(
                map,
                Masking.CAUSAL,
                scale,
                shape.blockSize(),
                shape.stride(),
                1,
                shape.residues(),
                q,
                k,
                qOffsets,
                kvOffsets,
                blockRows,
                mass));
        builder.add(new BlockSelect(
                map,
                Masking.CAUSAL,
                shape.blockSize(),
                BlockSelect.GroupMode.QUERY_HEAD,
                false,
                false,
                mass,
                thresholds,
                qOffsets,
                kvOffsets,
                blockRows,
                counts,
                indices));
        builder.add(new BlockSparseAttention(
                map,
                Masking.CAUSAL,
                scale,
                shape.blockSize(),
                q,
                k,
                v,
                qOffsets,
                kvOffsets,
                blockRows,
                counts,
                indices,
                out,
                lse));
        return builder.build();
    }

    /**
     * Runs one layer.
     *
     * @param trace queries, keys and values on all rows
     * @param thresholds {@code [numQoHeads]}
     * @return {@code [numTokens, numQoHeads, headDim]}
     */
    public double[] run(LayerTrace trace, float[] thresholds) {
        int n = trace.in().count();
        op.axis("numTokens", n).axis("numKvTokens", n).axis("numQBlocks", shape.numBlocks(n));
        op.writeInts("qOffsets", new int[] {0, n});
        op.writeInts("kvOffsets", new int[] {0, n});
        op.writeInts("qBlockOffsets", new int[] {0, shape.numBlocks(n)});
        op.writeFloats("thresholds", thresholds);
        op.write("q", trace.q(), n * model.qWidth());
        op.write("k", trace.k(), n * model.kvWidth());
        op.write("v", trace.v(), n * model.kvWidth());
        op.run();
        double[] out = new double[n * model.qWidth()];
        op.read("out", out);
        return out;
    }

    /** {@code [numQBlocks, numQoHeads, numKvBlocks of the longest context]}: estimated mass per block of the last run. */
    public double[] blockMass(int numTokens) {
        double[] mass =
                new double[shape.numBlocks(numTokens) * model.geometry().numQoHeads() * shape.numBlocks(maxTokens)];
        op.read("blockMass", mass);
        return mass;
    }

    /** {@code [numQBlocks, numQoHeads]}: blocks chosen in the last run. */
    public int[] blockCounts(int numTokens) {
        int[] counts = new int[shape.numBlocks(numTokens) * model.geometry().numQoHeads()];
        op.readInts("blockCounts", counts);
        return counts;
    }

    @Override
    public void close() {
        op.close();
        stream.close();
        scope.close();
    }
}
