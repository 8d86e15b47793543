package dev.filigree.host.calibrate.decoder;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.api.op.Linear;
import dev.filigree.api.op.StreamingAttention;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import java.util.List;
import java.util.Optional;

/** The one-op plans that {@link BackendKernels} runs, all in fp32 over one sequence. */
final class KernelPlans {
    private KernelPlans() {}

    /** One plan of each kind, for choosing a backend. */
    static List<Plan> samples(DecoderArrays model, HeadPattern.Streaming pattern, int maxTokens) {
        return List.of(
                linear(model.hidden(), model.qWidth(), true, maxTokens),
                attention(model, HeadPattern.DENSE, maxTokens),
                attention(model, pattern, maxTokens));
    }

    /** Elements of the widest row that a product reads or writes. */
    static long widest(DecoderArrays model) {
        long widest = 0;
        for (LayerArrays layer : model.layers()) {
            for (Matrix m :
                    List.of(layer.q(), layer.k(), layer.v(), layer.o(), layer.gate(), layer.up(), layer.down())) {
                widest = Math.max(widest, Math.max(m.inFeatures(), m.outFeatures()));
            }
        }
        return widest;
    }

    /** {@code y = x weight^T + bias} over up to {@code maxTokens} rows. */
    static Plan linear(int inFeatures, int outFeatures, boolean bias, int maxTokens) {
        PlanBuilder builder = new PlanBuilder("calibrate.linear");
        Dim rows = Dim.upTo("numTokens", maxTokens);
        Dim in = Dim.fixed("inFeatures", inFeatures);
        Dim out = Dim.fixed("outFeatures", outFeatures);
        TensorRef x = builder.declare("x", TensorRole.INPUT, DType.F32, rows, in);
        TensorRef w = builder.declare("weight", TensorRole.WEIGHT, DType.F32, out, in);
        Optional<TensorRef> b =
                bias ? Optional.of(builder.declare("bias", TensorRole.WEIGHT, DType.F32, out)) : Optional.empty();
        TensorRef y = builder.declare("y", TensorRole.OUTPUT, DType.F32, rows, out);
        return builder.add(new Linear(x, w, b, y)).build();
    }

    /** All heads of a layer under one pattern; a streaming pattern comes with positions of queries and keys. */
    static Plan attention(DecoderArrays model, HeadPattern pattern, int maxTokens) {
        PlanBuilder builder = new PlanBuilder("calibrate.attention");
        int heads = model.geometry().numQoHeads();
        int kvHeads = model.geometry().numKvHeads();
        Dim tokens = Dim.upTo("numTokens", maxTokens);
        Dim keys = Dim.upTo("numKvTokens", maxTokens);
        Dim h = Dim.fixed("numQoHeads", heads);
        Dim kv = Dim.fixed("numKvHeads", kvHeads);
        Dim c = Dim.fixed("headDim", model.headDim());
        TensorRef q = builder.declare("q", TensorRole.INPUT, DType.F32, tokens, h, c);
        TensorRef k = builder.declare("k", TensorRole.INPUT, DType.F32, keys, kv, c);
        TensorRef v = builder.declare("v", TensorRole.INPUT, DType.F32, keys, kv, c);
        TensorRef qOffsets = builder.declare("qOffsets", TensorRole.INPUT, DType.I32, Dim.fixed("numOffsets", 2));
        TensorRef kvOffsets = builder.declare("kvOffsets", TensorRole.INPUT, DType.I32, Dim.fixed("numOffsets", 2));
        TensorRef out = builder.declare("out", TensorRole.OUTPUT, DType.F32, tokens, h, c);
        TensorRef lse = builder.declare("lse", TensorRole.OUTPUT, DType.F32, tokens, h);
        HeadMap map = HeadMap.all(heads, kvHeads);
        float scale = (float) model.scale();
        if (pattern instanceof HeadPattern.Streaming streaming) {
            TensorRef at = builder.declare("qPositions", TensorRole.INPUT, DType.I32, tokens);
            TensorRef of = builder.declare("kvPositions", TensorRole.INPUT, DType.I32, keys);
            builder.add(new StreamingAttention(
                    map, streaming, scale, q, k, v, qOffsets, kvOffsets, Optional.of(at), Optional.of(of), out, lse));
        } else {
            builder.add(new DenseAttention(map, Masking.CAUSAL, scale, q, k, v, qOffsets, kvOffsets, out, lse));
        }
        return builder.build();
    }
}
