package dev.filigree.host.quantize.steps;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.select.BackendRequest;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.host.quantize.LinearGroup;
import dev.filigree.host.quantize.LinearModel;
import dev.filigree.host.quantize.LinearShape;
import dev.filigree.host.quantize.Scheme;
import dev.filigree.host.quantize.grid.GridFit;
import dev.filigree.host.quantize.grid.WeightGrid;
import dev.filigree.host.quantize.math.OjAlgoSvd;
import dev.filigree.host.quantize.math.Operand;
import dev.filigree.host.quantize.math.Products;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

/** What holds of grids, smoothing, shift and split before and after rounding. */
class SplitOraclesTest {
    private static final int IN = 96;
    private static final int OUT = 80;
    private static final int ROWS = 64;
    private static final float SHIFT = 0.171875f;

    private static float[] random(long seed, int count, DoubleUnaryOperator of) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) of.applyAsDouble(random.nextGaussian());
        }
        return values;
    }

    private static LinearModel model() {
        LinearGroup group = new LinearGroup("group", List.of(new LinearShape("layer", OUT, IN)), SHIFT);
        return new LinearModel() {
            @Override
            public List<LinearGroup> groups() {
                return List.of(group);
            }

            @Override
            public float[] weight(LinearShape linear) {
                return random(1, OUT * IN, g -> 0.1 * g);
            }

            @Override
            public float[] bias(LinearShape linear) {
                return new float[0];
            }

            @Override
            public float[] inputs(LinearGroup of) {
                return random(2, ROWS * IN, g -> Math.max(-SHIFT, g));
            }
        };
    }

    /** Before anything is rounded, smoothing, shift and branch change no output: differences are those of fp32 sums. */
    @Test
    void smoothingShiftAndBranchChangeNothing() {
        try (Backend backend = BackendSelector.installed()
                        .select(BackendRequest.named("cpu-vector"), List.of(Products.sample()))
                        .backend();
                Products products = new Products(backend);
                GroupData data = new GroupData(model(), model().groups().getFirst(), products)) {
            Splitter splitter = new Splitter(data);
            float[] smooth = random(3, IN, g -> Math.exp(0.5 * g));
            float[] smoothed = data.weight.clone();
            for (int i = 0; i < smoothed.length; i++) {
                smoothed[i] *= smooth[i % IN];
            }
            for (int rank : new int[] {1, 16, OUT}) {
                Split split = splitter.of(smooth, new OjAlgoSvd().decompose(smoothed, OUT, IN, rank));
                float[] residual = splitter.residual(split);
                double[] shift = splitter.shiftOutputs(split, residual);
                float[] branch = splitter.branchOutputs(split, data.measuring);
                float[] x = data.measuring.x.clone();
                for (int i = 0; i < x.length; i++) {
                    x[i] = (x[i] + SHIFT) / smooth[i % IN];
                }
                try (Operand left = products.load(x, x.length / IN, IN);
                        Operand right = products.load(residual, OUT, IN)) {
                    float[] low = products.times(left, right);
                    double off = 0;
                    for (int i = 0; i < low.length; i++) {
                        double y = low[i] - shift[i % OUT] + branch[i];
                        off = Math.max(off, Math.abs(y - data.measuring.y[i]));
                    }
                    double worst = off;
                    assertTrue(worst < 1e-4, () -> "rank " + rank + ": off by " + worst);
                }
                if (rank == OUT) {
                    // of a branch of full rank only the rounding of its bf16 factors is left
                    assertTrue(norm(residual) < 8e-3 * norm(smoothed), "residual " + norm(residual));
                }
            }
        }
    }

    private static double norm(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += (double) value * value;
        }
        return Math.sqrt(sum);
    }

    private static double error(Scheme scheme, float[] w) {
        float[] rounded = GridFit.of(scheme, w, 256, 512).round(w.clone());
        for (int i = 0; i < w.length; i++) {
            rounded[i] -= w[i];
        }
        return norm(rounded) / norm(w);
    }

    /** Relative errors of formats on random weights, as computed apart from this project. */
    @Test
    void formatsLoseWhatTheyShould() {
        float[] normal = random(4, 256 * 512, g -> g);
        assertEquals(0.108, error(Scheme.W4A4_INT4, normal), 0.05 * 0.108);
        assertEquals(0.095, error(Scheme.W4A4_NVFP4, normal), 0.05 * 0.095);
        Random signs = new Random(6);
        float[] laplace = random(5, 256 * 512, g -> {
            double u = signs.nextDouble() - 0.5;
            return -Math.signum(u) * Math.log(1 - 2 * Math.abs(u));
        });
        assertEquals(0.141, error(Scheme.W4A4_INT4, laplace), 0.05 * 0.141);
        assertEquals(0.093, error(Scheme.W4A4_NVFP4, laplace), 0.05 * 0.093);
    }

    /** Half a step, and where the largest number lies past the last code because the scale was rounded down to f16. */
    @Test
    void noNumberMovesFurtherThanHalfAStep() {
        float[] w = random(7, 256 * 512, g -> g * g * g);
        WeightGrid grid = GridFit.of(Scheme.W4A4_INT4, w, 256, 512);
        float[] scales = grid.scales();
        float[] rounded = grid.round(w.clone());
        for (int i = 0; i < w.length; i++) {
            float scale = scales[i / 512 * 8 + i % 512 / 64];
            float off = Math.abs(rounded[i] - w[i]);
            assertTrue(off <= scale * (0.5f + 7 * 0x1p-11f), () -> off + " at scale " + scale);
        }
    }

    /** e2m1 has steps of 1/2 below 2, of 1 below 4 and of 2 below 6. */
    @Test
    void noNumberMovesFurtherThanHalfAStepOfE2m1() {
        float[] w = random(9, 256 * 512, g -> g * g * g);
        WeightGrid grid = GridFit.of(Scheme.W4A4_NVFP4, w, 256, 512);
        float[] scales = grid.scales();
        float[] channels = grid.channels();
        float[] rounded = grid.round(w.clone());
        for (int i = 0; i < w.length; i++) {
            float scale = scales[i / 512 * 32 + i % 512 / 16] * channels[i / 512];
            float at = Math.abs(w[i]) / scale;
            float half = at < 2 ? 0.25f : at < 4 ? 0.5f : 1;
            float off = Math.abs(rounded[i] - w[i]);
            assertTrue(off <= scale * half * 1.00001f, () -> off + " at " + at + " scales of " + scale);
        }
    }

    /** A group of zeros and one of the smallest numbers stay finite, and so does one at the end of f16. */
    @Test
    void extremesStayFinite() {
        for (Scheme scheme : List.of(Scheme.W4A4_INT4, Scheme.W4A4_NVFP4, Scheme.W8A8, Scheme.W4A16)) {
            for (float size : new float[] {0, 1e-7f, 65504}) {
                float[] w = random(8, 4 * 128, g -> size * Math.tanh(g));
                for (float value : GridFit.of(scheme, w, 4, 128).round(w)) {
                    assertTrue(Float.isFinite(value), () -> scheme + " at " + size);
                }
            }
        }
    }
}
