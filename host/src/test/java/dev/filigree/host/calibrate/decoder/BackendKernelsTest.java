package dev.filigree.host.calibrate.decoder;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.backend.Backend;
import dev.filigree.api.op.AntidiagonalScore.Residues;
import dev.filigree.api.select.BackendRequest;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.host.calibrate.data.CalibrationSample;
import dev.filigree.host.calibrate.heads.gradient.Student;
import dev.filigree.host.calibrate.heads.gradient.StudentRows;
import dev.filigree.host.calibrate.heads.gradient.Teacher;
import dev.filigree.host.calibrate.thresholds.SparseKernels;
import dev.filigree.host.calibrate.thresholds.XAttentionShape;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The heavy steps on the reference backend, in fp32, against plain fp64 loops. */
class BackendKernelsTest {
    private static final HeadPattern.Streaming PATTERN = new HeadPattern.Streaming(2, 4);
    private static final int NUM_TOKENS = 40;
    private static final CalibrationSample SAMPLE = new CalibrationSample(
            TinyDecoder.tokens(5, NUM_TOKENS), IntStream.range(32, NUM_TOKENS).toArray());

    private static Backend reference(DecoderArrays model) {
        return BackendSelector.installed()
                .select(BackendRequest.named("cpu-reference"), BackendKernels.samplePlans(model, PATTERN, NUM_TOKENS))
                .backend();
    }

    @Test
    void gradientAgreesWithFp64() {
        DecoderArrays model = TinyDecoder.random(1, true, true);
        double[] alpha = {0.9, 0.2, 0.5, 0.7, 0.4, 0.1};
        Student.Result exact = result(model, new ExactKernels(model), alpha);
        try (Backend backend = reference(model);
                BackendKernels kernels = new BackendKernels(model, backend, NUM_TOKENS)) {
            Student.Result actual = result(model, kernels, alpha);
            double largest =
                    Arrays.stream(exact.gradient()).map(Math::abs).max().orElseThrow();
            assertEquals(exact.loss(), actual.loss(), 1e-3 * exact.loss());
            for (int gate = 0; gate < alpha.length; gate++) {
                double tolerance = 1e-3 * Math.max(Math.abs(exact.gradient()[gate]), 0.01 * largest);
                assertEquals(exact.gradient()[gate], actual.gradient()[gate], tolerance);
            }
        }
    }

    private static Student.Result result(DecoderArrays model, DecoderKernels kernels, double[] alpha) {
        Teacher.Lesson lesson = new Teacher(model, kernels)
                .teach(SAMPLE, StudentRows.truncated(3, SAMPLE.firstLabel(), NUM_TOKENS, PATTERN));
        return new Student(model, kernels, PATTERN).gradient(lesson, alpha);
    }

    @Test
    void thresholdOneIsDenseAndEveryRowsMassAddsUp() {
        DecoderArrays model = TinyDecoder.random(2, false, false);
        XAttentionShape shape = new XAttentionShape(8, 4, Residues.ANTIDIAGONAL);
        float[] everything = {1, 1, 1, 1, 1, 1};
        try (Backend backend = reference(model);
                BackendKernels kernels = new BackendKernels(model, backend, NUM_TOKENS);
                SparseKernels sparse = new SparseKernels(model, shape, backend, NUM_TOKENS)) {
            DenseDecoder decoder = new DenseDecoder(model, kernels);
            double[] x = decoder.embed(SAMPLE.tokens(), Rows.all(NUM_TOKENS));
            decoder.run(x, NUM_TOKENS, 0, (layer, trace, attn, lse) -> {
                double[] out = sparse.run(trace, everything);
                for (int i = 0; i < out.length; i++) {
                    assertEquals(attn[i], out[i], 1e-5);
                }
                int[] counts = sparse.blockCounts(NUM_TOKENS);
                List<Integer> firstHead =
                        IntStream.range(0, 5).mapToObj(row -> counts[row * 6]).toList();
                assertEquals(List.of(1, 2, 3, 4, 5), firstHead);
                double[] mass = sparse.blockMass(NUM_TOKENS);
                for (int row = 0; row < 5; row++) {
                    double sum = 0;
                    for (int column = 0; column < 5; column++) {
                        sum += mass[(row * 6 + 3) * 5 + column];
                    }
                    // Two stripes of queries, each with probabilities that sum to 1.
                    assertEquals(2, sum, 1e-5);
                }
            });
        }
    }
}
