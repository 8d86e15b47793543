package dev.filigree.host.calibrate.heads.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.host.calibrate.data.CalibrationSample;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.DenseDecoder;
import dev.filigree.host.calibrate.decoder.ExactKernels;
import dev.filigree.host.calibrate.decoder.Rows;
import dev.filigree.host.calibrate.decoder.TinyDecoder;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class HeadScoreTest {
    private static final HeadPattern.Streaming PATTERN = new HeadPattern.Streaming(2, 4);
    private static final int NUM_TOKENS = 30;
    private static final DecoderArrays MODEL = TinyDecoder.random(21, true, false);
    private static final CalibrationSample SAMPLE = new CalibrationSample(
            TinyDecoder.tokens(9, NUM_TOKENS), IntStream.range(25, NUM_TOKENS).toArray());

    private final ExactKernels kernels = new ExactKernels(MODEL);

    @Test
    void distantMassIsTheSumOfProbabilitiesOutsideTheWindow() {
        DistantMassScore score = new DistantMassScore(MODEL, kernels, PATTERN);
        score.add(SAMPLE);
        double[] explicit = new double[6];
        DenseDecoder decoder = new DenseDecoder(MODEL, kernels);
        double[] x = decoder.embed(SAMPLE.tokens(), Rows.all(NUM_TOKENS));
        decoder.run(x, NUM_TOKENS, 0, (layer, trace, attn, lse) -> {
            for (int t : SAMPLE.labels()) {
                for (int h = 0; h < 6; h++) {
                    for (int j = 0; j <= t; j++) {
                        double z = 0;
                        for (int c = 0; c < 8; c++) {
                            z += trace.q()[(t * 6 + h) * 8 + c] * trace.k()[(j * 2 + h / 3) * 8 + c];
                        }
                        double p = Math.exp(z * MODEL.scale() - lse[t * 6 + h]);
                        explicit[layer * 2 + h / 3] += PATTERN.sees(t, j) ? 0 : p / (5 * 3);
                    }
                }
            }
        });
        double[] scores = score.scores();
        for (int i = 0; i < scores.length; i++) {
            assertEquals(explicit[i], scores[i], 1e-6);
        }
    }

    @Test
    void everyScoreVanishesWhenTheWindowSeesEverything() {
        HeadPattern.Streaming wide = new HeadPattern.Streaming(0, NUM_TOKENS);
        for (HeadScore score : List.of(
                new DistantMassScore(MODEL, kernels, wide),
                new DeviationScore(MODEL, kernels, wide),
                new KnockoutScore(MODEL, kernels, wide))) {
            score.add(SAMPLE);
            for (double value : score.scores()) {
                assertEquals(0, value, 1e-12, score.toString());
            }
        }
    }

    @Test
    void scoresAreMeansOverSamples() {
        CalibrationSample other = new CalibrationSample(
                TinyDecoder.tokens(10, 28), IntStream.range(20, 28).toArray());
        DeviationScore both = new DeviationScore(MODEL, kernels, PATTERN);
        both.add(SAMPLE);
        both.add(other);
        DeviationScore first = new DeviationScore(MODEL, kernels, PATTERN);
        first.add(SAMPLE);
        DeviationScore second = new DeviationScore(MODEL, kernels, PATTERN);
        second.add(other);
        for (int i = 0; i < 6; i++) {
            assertEquals((first.scores()[i] + second.scores()[i]) / 2, both.scores()[i], 1e-12);
        }
    }

    @Test
    void knockoutOfTheLastLayerEqualsItsMixedLoss() {
        // In the last layer nothing follows but the MLP and the norm, so a knocked-out head is a gate at 0.
        KnockoutScore score = new KnockoutScore(MODEL, kernels, PATTERN);
        score.add(SAMPLE);
        var rows = dev.filigree.host.calibrate.heads.gradient.StudentRows.truncated(3, 25, NUM_TOKENS, PATTERN);
        var lesson = new dev.filigree.host.calibrate.heads.gradient.Teacher(MODEL, kernels).teach(SAMPLE, rows);
        var student = new dev.filigree.host.calibrate.heads.gradient.Student(MODEL, kernels, PATTERN);
        for (int head = 0; head < 2; head++) {
            double[] alpha = {1, 1, 1, 1, 1, 1};
            alpha[4 + head] = 0;
            assertEquals(student.loss(lesson, alpha), score.scores()[4 + head], 1e-12);
        }
    }

    @Test
    void rotationStatisticIsAShare() {
        MeanRotationScore score = new MeanRotationScore(MODEL, kernels);
        score.add(SAMPLE);
        for (double value : score.scores()) {
            assertTrue(value > 0 && value < 1, () -> "share " + value);
        }
    }
}
