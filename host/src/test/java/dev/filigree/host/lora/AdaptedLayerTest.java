package dev.filigree.host.lora;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.linear.LinearPlan;
import dev.filigree.api.linear.LinearProblem;
import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.select.BackendRequest;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DType;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.host.arrays.ArrayPlan;
import dev.filigree.host.quantize.LinearGroup;
import dev.filigree.host.quantize.LinearModel;
import dev.filigree.host.quantize.LinearShape;
import dev.filigree.host.quantize.QuantizeJob;
import dev.filigree.host.quantize.QuantizeRecipe;
import dev.filigree.host.quantize.QuantizedTensor;
import dev.filigree.host.quantize.QuantizedWeights;
import dev.filigree.host.quantize.Scheme;
import dev.filigree.host.quantize.math.Products;
import dev.filigree.policies.config.AdapterConfig;
import dev.filigree.policies.lowbit.LowBitLinearPolicy;
import dev.filigree.policies.lowbit.LowBitLinearPolicy.Activations;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Adapters beside a quantized layer give its output plus their exact product, on every backend at hand. */
class AdaptedLayerTest {
    private static final int IN = 192;
    private static final int OUT = 160;
    private static final int ROWS = 5;
    private static final int BRANCH = 32;
    private static final List<String> BACKENDS = List.of("cpu-reference", "cpu-vector");
    private static final LinearShape SHAPE = new LinearShape("layer", OUT, IN);
    private static final QuantizedLinear POLICY =
            new LowBitLinearPolicy("svdquant", Set.of(DType.I4), Activations.AS_WEIGHT);

    private static final float[] X = gaussians(1, ROWS * IN, 1);
    private static QuantizedWeights weights = new QuantizedWeights(
            dev.filigree.api.linear.LinearStorage.of(dev.filigree.api.linear.QuantFormat.INT4_G64), Map.of());

    @TempDir
    private Path folder;

    private static float[] gaussians(long seed, int count, double scale) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (scale * random.nextGaussian());
        }
        return values;
    }

    private static Backend open(String name) {
        return BackendSelector.installed()
                .select(BackendRequest.named(name), List.of(Products.sample()))
                .backend();
    }

    @BeforeAll
    static void quantize() {
        LinearModel model = new LinearModel() {
            @Override
            public List<LinearGroup> groups() {
                return List.of(new LinearGroup("group", List.of(SHAPE), 0));
            }

            @Override
            public float[] weight(LinearShape linear) {
                return gaussians(2, OUT * IN, 0.05);
            }

            @Override
            public float[] bias(LinearShape linear) {
                return gaussians(3, OUT, 1);
            }

            @Override
            public float[] inputs(LinearGroup group) {
                return gaussians(4, 64 * IN, 1);
            }
        };
        QuantizeRecipe recipe = new QuantizeRecipe(
                Scheme.W4A4_INT4, QuantizeRecipe.Smoothing.BALANCED, 4, BRANCH, Map.of(), 1, false, List.of(), 1);
        try (Backend backend = open("cpu-vector");
                Products products = new Products(backend)) {
            weights = new QuantizeJob(model, recipe, products)
                    .run(report -> {})
                    .weights()
                    .getOrDefault("layer", weights);
        }
    }

    private static LinearPlan plan(QuantizedLinear policy, QuantizedWeights layer) {
        return policy.plan(
                new LinearProblem("layer", IN, OUT, true, DType.F32, DType.F32, ROWS, Optional.of(layer.storage())));
    }

    private static float[] run(String name, Adapters adapters) {
        return run(name, adapters, weights);
    }

    private static float[] run(String name, Adapters adapters, QuantizedWeights layer) {
        LinearPlan plan = plan(adapters.over(POLICY), layer);
        try (Backend backend = open(name);
                ExecutionStream stream = backend.openStream();
                AdapterMemory memory = new AdapterMemory(backend, stream, adapters);
                BufferScope scope = backend.openScope();
                Arena arena = Arena.ofShared()) {
            Map<String, DeviceBuffer> shared = new HashMap<>();
            for (TensorDecl decl : plan.plan().tensors().all()) {
                String tensor = decl.ref().name();
                QuantizedTensor stored = layer.tensors().get(tensor);
                if (stored != null) {
                    MemorySegment bytes = arena.allocate(stored.bytes().length, 8);
                    shared.put(tensor, scope.upload(bytes.copyFrom(MemorySegment.ofArray(stored.bytes()))));
                } else if (decl.role() == TensorRole.WEIGHT || decl.role() == TensorRole.STATE) {
                    shared.put(tensor, memory.find("layer." + tensor).orElseThrow());
                }
            }
            try (ArrayPlan op = new ArrayPlan(backend, scope, stream, plan.plan(), shared)) {
                op.axis("numTokens", ROWS).writeFloats("x", X);
                op.run();
                float[] y = new float[ROWS * OUT];
                op.readFloats("y", y);
                return y;
            }
        }
    }

    private Adapters adapters(int... ranks) {
        Adapters adapters = new Adapters(Map.of("layer", SHAPE), List.of());
        for (int rank : ranks) {
            Path file = new AdapterFile()
                    .with("layer.lora_A.weight", DType.BF16, gaussians(10 + rank, rank * IN, 0.3), rank, IN)
                    .with("layer.lora_B.weight", DType.BF16, gaussians(900 + rank, OUT * rank, 0.3), OUT, rank)
                    .with("layer.alpha", DType.F32, new float[] {rank * 0.5f})
                    .write(folder.resolve("rank" + rank + ".safetensors"));
            adapters = adapters.attach(AdapterConfig.of(file, 0.75f));
        }
        return adapters;
    }

    private static double[] product(Adapters adapters) {
        double[] sum = new double[ROWS * OUT];
        for (Adapters.Attached one : adapters.attached()) {
            LoraLayer layer = one.file().layers().values().iterator().next();
            for (int row = 0; row < ROWS; row++) {
                for (int r = 0; r < layer.rank(); r++) {
                    double hidden = 0;
                    for (int k = 0; k < IN; k++) {
                        hidden += (double) X[row * IN + k] * layer.down().floatAt((long) r * IN + k);
                    }
                    for (int n = 0; n < OUT; n++) {
                        sum[row * OUT + n] += 0.75 * 0.5 * hidden * layer.up().floatAt(n * layer.rank() + r);
                    }
                }
            }
        }
        return sum;
    }

    private static double distance(float[] y, float[] base, double[] product) {
        double off = 0;
        double all = 0;
        for (int i = 0; i < y.length; i++) {
            off += Math.pow(y[i] - (base[i] + product[i]), 2);
            all += product[i] * product[i];
        }
        return Math.sqrt(off / all);
    }

    @Test
    void adaptersAddTheirExactProduct() {
        for (String backend : BACKENDS) {
            float[] base = run(backend, adapters());
            for (int[] ranks : new int[][] {{1}, {16}, {33}, {128}, {16, 33}, {128, 1}}) {
                Adapters adapters = adapters(ranks);
                double off = distance(run(backend, adapters), base, product(adapters));
                assertTrue(off < 1e-5, () -> backend + ", ranks " + List.of(ranks) + ": " + off);
                adapters.attached().forEach(one -> one.file().close());
            }
        }
    }

    @Test
    void strengthsOfZeroLeaveEveryBit() {
        Adapters adapters = adapters(16, 33);
        Adapters silent = adapters.scale("rank16", 0).scale("rank33", 0);
        for (String backend : BACKENDS) {
            assertArrayEquals(run(backend, adapters()), run(backend, silent));
        }
        adapters.attached().forEach(one -> one.file().close());
    }

    @Test
    void theOrderOfAdaptersIsThatOfTheirSums() {
        for (String backend : BACKENDS) {
            Adapters one = adapters(16, 33);
            float[] forth = run(backend, one);
            one.attached().forEach(a -> a.file().close());
            Adapters other = adapters(33, 16);
            float[] back = run(backend, other);
            other.attached().forEach(a -> a.file().close());
            for (int i = 0; i < forth.length; i++) {
                assertEquals(forth[i], back[i], 1e-5 * largest(forth));
            }
        }
    }

    private static double largest(float[] values) {
        double top = 0;
        for (float value : values) {
            top = Math.max(top, Math.abs(value));
        }
        return top;
    }

    /** Against the layer before quantization no backend loses more than another. */
    @Test
    void backendsLoseTheSame() {
        float[] w = gaussians(2, OUT * IN, 0.05);
        float[] bias = gaussians(3, OUT, 1);
        double[] exact = new double[ROWS * OUT];
        for (int i = 0; i < exact.length; i++) {
            exact[i] = bias[i % OUT];
            for (int k = 0; k < IN; k++) {
                exact[i] += (double) X[i / OUT * IN + k] * w[i % OUT * IN + k];
            }
        }
        double expected = distance(run("cpu-reference", adapters()), new float[exact.length], exact);
        assertTrue(expected > 0.01 && expected < 0.2, () -> "loses " + expected);
        assertEquals(
                expected, distance(run("cpu-vector", adapters()), new float[exact.length], exact), 0.02 * expected);
    }

    /** Two adapters are one whose factors are put together, and an adapter is a wider low-rank branch. */
    @Test
    void ranksConcatenate() {
        Adapters two = adapters(16, 33);
        AdapterFile joined = new AdapterFile();
        float[] down = new float[49 * IN];
        float[] up = new float[OUT * 49];
        int done = 0;
        for (Adapters.Attached one : two.attached()) {
            LoraLayer layer = one.file().layers().values().iterator().next();
            int rank = (int) layer.rank();
            for (int i = 0; i < rank * IN; i++) {
                down[done * IN + i] = layer.down().floatAt(i);
            }
            for (int i = 0; i < OUT * rank; i++) {
                up[i / rank * 49 + done + i % rank] = layer.up().floatAt(i);
            }
            done += rank;
        }
        joined.with("layer.lora_A.weight", DType.F32, down, 49, IN).with("layer.lora_B.weight", DType.F32, up, OUT, 49);
        Adapters one = new Adapters(Map.of("layer", SHAPE), List.of())
                .attach(AdapterConfig.of(joined.write(folder.resolve("joined.safetensors")), 0.375f));
        for (String backend : BACKENDS) {
            float[] base = run(backend, adapters());
            assertTrue(distance(run(backend, two), run(backend, one), new double[ROWS * OUT]) == 0
                    || distance(run(backend, two), base, minus(run(backend, one), base)) < 1e-6);
            assertTrue(distance(run(backend, adapters(), widened(down, up)), base, product(two)) < 4e-3);
        }
        two.attached().forEach(a -> a.file().close());
        one.attached().forEach(a -> a.file().close());
    }

    private static double[] minus(float[] a, float[] b) {
        double[] difference = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            difference[i] = (double) a[i] - b[i];
        }
        return difference;
    }

    /** The layer with factors appended to its branch, which stores bf16. */
    private static QuantizedWeights widened(float[] down, float[] up) {
        float[] oldDown = values("low_rank_down");
        float[] oldUp = values("low_rank_up");
        int wide = BRANCH + 49;
        float[] newDown = java.util.Arrays.copyOf(oldDown, wide * IN);
        System.arraycopy(down, 0, newDown, oldDown.length, down.length);
        float[] newUp = new float[OUT * wide];
        for (int n = 0; n < OUT; n++) {
            System.arraycopy(oldUp, n * BRANCH, newUp, n * wide, BRANCH);
            for (int r = 0; r < 49; r++) {
                newUp[n * wide + BRANCH + r] = 0.375f * up[n * 49 + r];
            }
        }
        Map<String, QuantizedTensor> tensors = new HashMap<>(weights.tensors());
        tensors.put("low_rank_down", QuantizedTensor.of(DType.BF16, newDown, wide, IN));
        tensors.put("low_rank_up", QuantizedTensor.of(DType.BF16, newUp, OUT, wide));
        var s = weights.storage();
        return new QuantizedWeights(
                new dev.filigree.api.linear.LinearStorage(
                        s.weight(), s.zeros(), s.channelScales(), s.bias(), s.smooth(), s.shift(), wide, s.lowRank()),
                tensors);
    }

    private static float[] values(String tensor) {
        QuantizedTensor stored = weights.tensors().get(tensor);
        return stored == null ? new float[0] : stored.values();
    }

    @Test
    void attachingTheSameNameTwiceIsRefused() {
        Adapters adapters = adapters(1);
        List<String> messages = new ArrayList<>();
        for (Runnable wrong : List.<Runnable>of(
                () -> adapters.attach(adapters.configs().getFirst()),
                () -> adapters.detach("other"),
                () -> adapters.scale("rank1", Float.NaN))) {
            messages.add(String.valueOf(
                    org.junit.jupiter.api.Assertions.assertThrows(IllegalArgumentException.class, wrong::run)
                            .getMessage()));
        }
        assertTrue(messages.get(0).contains("attached already"), messages::toString);
        assertTrue(messages.get(1).contains("accepted: [rank1]"), messages::toString);
        assertTrue(messages.get(2).contains("finite"), messages::toString);
        adapters.attached().forEach(one -> one.file().close());
    }
}
