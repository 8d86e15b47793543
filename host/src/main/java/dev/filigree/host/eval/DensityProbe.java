package dev.filigree.host.eval;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.Retention;
import dev.filigree.api.op.BlockSelect;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.host.arrays.ArrayPlan;
import dev.filigree.host.calibrate.decoder.BackendKernels;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.DenseDecoder;
import dev.filigree.host.calibrate.decoder.LayerTrace;
import dev.filigree.host.calibrate.decoder.Rows;
import dev.filigree.host.decoder.DecoderPlan;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Runs one prompt under a policy's prefill plans in fp32 and reads what every head computed. */
public final class DensityProbe {
    private static final int SAMPLED_ROWS = 16;
    private static final int TIMED_RUNS = 3;
    private static final long TIMED_NANOS = 100_000_000;

    private final DecoderArrays model;
    private final DecoderPlan prefill;
    private final KvCachePlan kv;
    private final Backend backend;

    /** A probe of the attention that a prefill plan holds. */
    public DensityProbe(DecoderArrays model, DecoderPlan prefill, KvCachePlan kv, Backend backend) {
        this.model = model;
        this.prefill = prefill;
        this.kv = kv;
        this.backend = backend;
    }

    /** Runs a prompt. */
    public HeadDensity run(String name, int[] tokens) {
        List<List<Double>> density = new ArrayList<>();
        List<List<Double>> recall = new ArrayList<>();
        double[] seconds = new double[2];
        try (BackendKernels kernels = new BackendKernels(model, backend, tokens.length);
                BufferScope scope = backend.openScope();
                ExecutionStream stream = backend.openStream()) {
            DenseDecoder decoder = new DenseDecoder(model, kernels);
            double[] x = decoder.embed(tokens, Rows.all(tokens.length));
            decoder.run(x, tokens.length, (layer, trace) -> {
                ProbeLayer.Made made = ProbeLayer.of(model, prefill.layers().get(layer), layer, tokens.length);
                try (ArrayPlan op = new ArrayPlan(backend, scope, stream, made.plan(), Map.of())) {
                    double[] attn = attend(op, made, trace);
                    seconds[0] += seconds(op);
                    density.add(density(op, made, tokens.length));
                    recall.add(recall(op, trace));
                    seconds[1] += choosing(made, scope, stream, trace);
                    return attn;
                }
            });
        }
        return new HeadDensity(name, retention(), density, recall, new HeadDensity.Times(seconds[0], seconds[1]));
    }

    /** Seconds of estimating and selecting alone; 0 if the layer does neither. */
    private double choosing(ProbeLayer.Made made, BufferScope scope, ExecutionStream stream, LayerTrace trace) {
        if (made.choosing().isEmpty()) {
            return 0;
        }
        try (ArrayPlan op =
                new ArrayPlan(backend, scope, stream, made.choosing().get(), Map.of())) {
            feed(op, made, trace);
            op.run();
            return seconds(op);
        }
    }

    private static double seconds(ArrayPlan op) {
        long best = Long.MAX_VALUE;
        long first = System.nanoTime();
        for (int i = 0; i < TIMED_RUNS || System.nanoTime() - first < TIMED_NANOS; i++) {
            long start = System.nanoTime();
            op.run();
            best = Math.min(best, System.nanoTime() - start);
        }
        return best / 1e9;
    }

    private double[] attend(ArrayPlan op, ProbeLayer.Made made, LayerTrace trace) {
        feed(op, made, trace);
        int n = trace.in().count();
        op.write("v", trace.v(), n * model.kvWidth());
        op.run();
        double[] attn = new double[n * model.qWidth()];
        op.read("out", attn);
        return attn;
    }

    private void feed(ArrayPlan op, ProbeLayer.Made made, LayerTrace trace) {
        int n = trace.in().count();
        op.axis("numTokens", n);
        op.writeInts("qOffsets", new int[] {0, n});
        op.writeInts("kvOffsets", new int[] {0, n});
        made.selections().values().stream().findFirst().ifPresent(select -> {
            int rows = Math.ceilDiv(n, select.blockSize());
            op.axis("numQBlocks", rows);
            op.writeInts("qBlockOffsets", new int[] {0, rows});
        });
        made.constants().forEach(op::writeFloats);
        op.write("q", trace.q(), n * model.qWidth());
        op.write("k", trace.k(), n * model.kvWidth());
    }

    private List<Double> density(ArrayPlan op, ProbeLayer.Made made, int numTokens) {
        int heads = model.geometry().numQoHeads();
        List<Double> density = new ArrayList<>(Collections.nCopies(heads, 1.0));
        made.streaming().forEach((map, pattern) -> {
            double share = share(pattern, numTokens);
            IntStream.range(0, map.numServedQoHeads()).forEach(i -> density.set(map.qoHead(i), share));
        });
        made.selections().forEach((tensor, select) -> chosen(op, tensor, select, numTokens, density));
        return density;
    }

    private void chosen(ArrayPlan op, String tensor, BlockSelect select, int numTokens, List<Double> density) {
        int heads = model.geometry().numQoHeads();
        int rows = Math.ceilDiv(numTokens, select.blockSize());
        int[] counts = new int[rows * heads];
        op.readInts(tensor, counts);
        HeadMap map = select.heads();
        for (int i = 0; i < map.numServedQoHeads(); i++) {
            long sum = 0;
            for (int row = 0; row < rows; row++) {
                sum += counts[row * heads + map.qoHead(i)];
            }
            density.set(map.qoHead(i), sum / (rows * (rows + 1) / 2.0));
        }
    }

    /** Share of causal pairs that a streaming head computes. */
    private static double share(HeadPattern.Streaming pattern, int numTokens) {
        double pairs = 0;
        for (int t = 0; t < numTokens; t++) {
            pairs += Math.min(t + 1, pattern.sink() + pattern.recent());
        }
        return pairs / (numTokens * (numTokens + 1.0) / 2);
    }

    /**
     * Exact mass on what was computed: {@code exp(lse of it - lse of everything)}, rows spread evenly over the prompt.
     */
    private List<Double> recall(ArrayPlan op, LayerTrace trace) {
        int n = trace.in().count();
        int heads = model.geometry().numQoHeads();
        double[] lse = new double[n * heads];
        op.read("lse", lse);
        int samples = Math.min(n, SAMPLED_ROWS);
        List<Double> recall = new ArrayList<>();
        for (int head = 0; head < heads; head++) {
            double sum = 0;
            for (int i = 0; i < samples; i++) {
                int row = (int) ((i + 1L) * n / samples) - 1;
                sum += Math.min(1, Math.exp(lse[row * heads + head] - denseLse(trace, row, head)));
            }
            recall.add(sum / samples);
        }
        return recall;
    }

    private double denseLse(LayerTrace trace, int row, int head) {
        int d = model.headDim();
        int heads = model.geometry().numQoHeads();
        int kvHeads = model.geometry().numKvHeads();
        int kvHead = head / model.geometry().groupSize();
        double[] z = new double[row + 1];
        double largest = Double.NEGATIVE_INFINITY;
        for (int j = 0; j <= row; j++) {
            for (int c = 0; c < d; c++) {
                z[j] += trace.q()[(row * heads + head) * d + c] * trace.k()[(j * kvHeads + kvHead) * d + c];
            }
            z[j] *= model.scale();
            largest = Math.max(largest, z[j]);
        }
        double total = 0;
        for (double score : z) {
            total += Math.exp(score - largest);
        }
        return largest + Math.log(total);
    }

    private List<List<Double>> retention() {
        return IntStream.range(0, model.numLayers())
                .mapToObj(layer -> IntStream.range(0, model.geometry().numKvHeads())
                        .mapToObj(head -> kept(layer, head))
                        .toList())
                .toList();
    }

    private double kept(int layer, int head) {
        Retention retention = kv.classes().get(kv.classOf(layer, head)).retention();
        return retention instanceof Retention.Everything ? 1 : 0;
    }
}
