package dev.filigree.cpu.vector.ops;

import static dev.filigree.cpu.vector.testing.OneOp.ref;
import static dev.filigree.cpu.vector.testing.OneOp.shape;

import dev.filigree.api.op.Add;
import dev.filigree.api.op.Argmax;
import dev.filigree.api.op.Embedding;
import dev.filigree.api.op.Gelu;
import dev.filigree.api.op.LayerNorm;
import dev.filigree.api.op.Linear;
import dev.filigree.api.op.MergeStates;
import dev.filigree.api.op.RmsNorm;
import dev.filigree.api.op.Rope;
import dev.filigree.api.op.Rotary;
import dev.filigree.api.op.SwiGlu;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.vector.testing.OneOp;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Ops of the forward pass against the reference at sizes that no lane width divides. */
class TransformerOpsTest {
    private static final int[] SIZES = {1, 3, 16, 17, 64, 100};
    private static final int[] TOKENS = {0, 1, 5, 40};

    private final Random random = new Random(7);

    /** What one rounding to the dtype, and a few in f32, may make of a number near 1. */
    static double tolerance(DType dtype) {
        return switch (dtype) {
            case F16 -> 0x1p-10;
            case BF16 -> 0x1p-7;
            default -> 2e-6;
        };
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void norms(DType dtype) {
        for (int n : SIZES) {
            for (int tokens : TOKENS) {
                new OneOp()
                        .randoms("x", dtype, random, 3, tokens, 2, n)
                        .randoms("w", DType.F32, random, 1, n)
                        .output("out", dtype, tokens, 2, n)
                        .run(new RmsNorm(1e-5f, ref("x"), ref("w"), ref("out")))
                        .close("out", tolerance(dtype));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void layerNorms(DType dtype) {
        for (int n : SIZES) {
            for (int tokens : TOKENS) {
                OneOp test = new OneOp()
                        .randoms("x", dtype, random, 3, tokens, 2, n)
                        .randoms("w", DType.F32, random, 1, n)
                        .randoms("b", DType.BF16, random, 1, n)
                        .output("out", dtype, tokens, 2, n);
                test.run(new LayerNorm(1e-5f, ref("x"), Optional.of(ref("w")), Optional.of(ref("b")), ref("out")))
                        .close("out", 2 * tolerance(dtype));
                test.run(new LayerNorm(1e-5f, ref("x"), Optional.empty(), Optional.empty(), ref("out")))
                        .close("out", 2 * tolerance(dtype));
            }
        }
    }

    @Test
    void aLargeOffsetCostsALayerNormNoDigits() {
        float[] x = new float[3 * 100];
        for (int i = 0; i < x.length; i++) {
            x[i] = 30_000 + (float) random.nextGaussian();
        }
        new OneOp()
                .floats("x", DType.F32, shape(3, 100), x)
                .output("out", DType.F32, 3, 100)
                .run(new LayerNorm(1e-5f, ref("x"), Optional.empty(), Optional.empty(), ref("out")))
                .close("out", 2e-6);
    }

    @ParameterizedTest
    @EnumSource(Gelu.Form.class)
    void gelus(Gelu.Form form) {
        for (DType dtype : new DType[] {DType.F32, DType.F16, DType.BF16}) {
            new OneOp()
                    .randoms("x", dtype, random, 4, 9, 100)
                    .output("out", dtype, 9, 100)
                    .run(new Gelu(form, ref("x"), ref("out")))
                    .close("out", tolerance(dtype));
        }
    }

    @Test
    void mergedStates() {
        int tokens = 11;
        float[][] lses = new float[3][tokens * 2];
        for (int i = 0; i < lses.length; i++) {
            for (int t = 0; t < lses[i].length; t++) {
                boolean none = t % 5 == i || t % 7 == 0;
                lses[i][t] = none ? Float.NEGATIVE_INFINITY : 10 * (float) random.nextGaussian();
            }
        }
        lses[1][9] = Float.NaN;
        for (int width : SIZES) {
            OneOp test = new OneOp();
            for (int i = 0; i < 3; i++) {
                test.randoms("o" + i, i == 1 ? DType.BF16 : DType.F32, random, 1, tokens, 2, width)
                        .floats("l" + i, DType.F32, shape(tokens, 2), lses[i]);
            }
            test.writable("o2")
                    .writable("l0")
                    .run(new MergeStates(
                            List.of(ref("o0"), ref("o1"), ref("o2")),
                            List.of(ref("l0"), ref("l1"), ref("l2")),
                            ref("o2"),
                            ref("l0")))
                    .close("o2", 2e-6)
                    .close("l0", 0);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void sumsAndGates(DType dtype) {
        for (int n : SIZES) {
            for (int tokens : TOKENS) {
                new OneOp()
                        .randoms("a", dtype, random, 8, tokens, n)
                        .randoms("b", DType.F32, random, 1, tokens, n)
                        .output("out", dtype, tokens, n)
                        .run(new Add(ref("a"), ref("b"), ref("out")))
                        .close("out", tolerance(dtype))
                        .run(new SwiGlu(ref("a"), ref("b"), ref("out")))
                        .close("out", 2 * tolerance(dtype));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Rotary.Style.class)
    void rotationsAreTheReferencesToTheBit(Rotary.Style style) {
        for (DType dtype : new DType[] {DType.F32, DType.F16, DType.BF16}) {
            for (int rotaryDim : new int[] {2, 6, 32, 64, 100}) {
                new OneOp()
                        .randoms("x", dtype, random, 1, 5, 3, 100)
                        .ints("positions", shape(5), 0, 1, 77, 4095, 131071)
                        .randoms("f", DType.F32, random, 1, rotaryDim / 2)
                        .output("out", dtype, 5, 3, 100)
                        .run(new Rope(
                                new Rotary(style, rotaryDim, 1.25f, ref("f")), ref("x"), ref("positions"), ref("out")))
                        .same("out");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void linears(DType weights) {
        for (int n : SIZES) {
            for (int k : SIZES) {
                for (int tokens : TOKENS) {
                    new OneOp()
                            .randoms("x", DType.F32, random, 1, tokens, k)
                            .randoms("w", weights, random, 0.3, n, k)
                            .randoms("b", DType.BF16, random, 1, n)
                            .output("y", DType.F32, tokens, n)
                            .run(new Linear(ref("x"), ref("w"), Optional.of(ref("b")), ref("y")))
                            .close("y", 1e-5);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void rowsOfATable(DType dtype) {
        for (int n : SIZES) {
            new OneOp()
                    .randoms("table", dtype, random, 1, 9, n)
                    .ints("ids", shape(4), 8, 0, -1, 9)
                    .output("out", DType.F32, 4, n)
                    .run(new Embedding(ref("table"), ref("ids"), ref("out")))
                    .close("out", 0);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void viewsWithGaps(DType dtype) {
        new OneOp()
                .randoms("a", dtype, random, 1, 3 * 50)
                .view("a", shape(3, 2, 20), 50, 21, 1)
                .randoms("b", DType.F32, random, 1, 3 * 80)
                .view("b", shape(3, 40), 80, 2)
                .output("out", dtype, 3 * 45)
                .view("out", shape(3, 40), 45, 1)
                .run(new Add(ref("a"), ref("b"), ref("out")))
                .close("out", tolerance(dtype));
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void theLargestLogit(DType dtype) {
        for (int n : new int[] {1, 7, 33, 264}) {
            float[] rows = new float[8 * n];
            for (int i = 0; i < rows.length; i++) {
                rows[i] = i / n == 0 ? Float.NEGATIVE_INFINITY : random.nextInt(-5, 6);
            }
            rows[2 * n] = -0f;
            rows[3 * n + n / 2] = Float.NaN;
            rows[4 * n + n - 1] = Float.NaN;
            rows[5 * n + n / 3] = Float.POSITIVE_INFINITY;
            new OneOp()
                    .floats("logits", dtype, shape(8, n), rows)
                    .output("tokens", DType.I32, 8)
                    .run(new Argmax(ref("logits"), ref("tokens")))
                    .same("tokens");
        }
    }
}
