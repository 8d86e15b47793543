package dev.filigree.host.calibrate.heads.gradient;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.host.calibrate.data.CalibrationSample;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.ExactKernels;
import dev.filigree.host.calibrate.decoder.Rows;
import dev.filigree.host.calibrate.decoder.TinyDecoder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The explicit gradient against central differences, in fp64. */
class GateGradientTest {
    private static final HeadPattern.Streaming PATTERN = new HeadPattern.Streaming(2, 4);
    private static final int NUM_TOKENS = 40;
    private static final int FIRST_LABEL = 32;

    private static CalibrationSample sample(int firstLabel) {
        return new CalibrationSample(
                TinyDecoder.tokens(5, NUM_TOKENS),
                IntStream.range(firstLabel, NUM_TOKENS).toArray());
    }

    private static double[] gates(DecoderArrays model, long seed) {
        return new Random(seed)
                .doubles((long) model.numLayers() * model.geometry().numKvHeads(), 0.1, 0.9)
                .toArray();
    }

    @ParameterizedTest
    @CsvSource({"false,false", "true,false", "false,true", "true,true"})
    void gradientMatchesCentralDifferences(boolean qkvBias, boolean qkNorm) {
        DecoderArrays model = TinyDecoder.random(1, qkvBias, qkNorm);
        ExactKernels kernels = new ExactKernels(model);
        Teacher.Lesson lesson = new Teacher(model, kernels)
                .teach(sample(FIRST_LABEL), StudentRows.truncated(3, FIRST_LABEL, NUM_TOKENS, PATTERN));
        Student student = new Student(model, kernels, PATTERN);
        double[] alpha = gates(model, 2);
        double[] gradient = student.gradient(lesson, alpha).gradient();
        double largest = Arrays.stream(gradient).map(Math::abs).max().orElseThrow();
        for (int gate = 0; gate < alpha.length; gate++) {
            double numeric = centralDifference(student, lesson, alpha, gate);
            // Differencing loses digits in proportion to the loss, so small entries are held to the largest one.
            assertEquals(numeric, gradient[gate], 1e-6 * Math.max(Math.abs(numeric), 0.01 * largest));
        }
    }

    private static double centralDifference(Student student, Teacher.Lesson lesson, double[] alpha, int gate) {
        double h = 1e-5;
        double[] up = alpha.clone();
        double[] down = alpha.clone();
        up[gate] += h;
        down[gate] -= h;
        return (student.loss(lesson, up) - student.loss(lesson, down)) / (2 * h);
    }

    @Test
    void lossAndGradientVanishWhenEveryHeadIsDense() {
        DecoderArrays model = TinyDecoder.random(3, false, false);
        ExactKernels kernels = new ExactKernels(model);
        Teacher.Lesson lesson = new Teacher(model, kernels)
                .teach(sample(FIRST_LABEL), StudentRows.truncated(3, FIRST_LABEL, NUM_TOKENS, PATTERN));
        double[] alpha = new double[6];
        Arrays.fill(alpha, 1);
        Student.Result result = new Student(model, kernels, PATTERN).gradient(lesson, alpha);
        assertEquals(0.0, result.loss());
        for (double entry : result.gradient()) {
            assertEquals(0.0, entry);
        }
    }

    @Test
    void gateOfAHeadThatSeesEverythingHasNoGradient() {
        DecoderArrays model = TinyDecoder.random(4, false, false);
        ExactKernels kernels = new ExactKernels(model);
        // A window over the whole context: in the first layer streaming and dense are the same function of the input.
        HeadPattern.Streaming wide = new HeadPattern.Streaming(0, NUM_TOKENS);
        Teacher.Lesson lesson =
                new Teacher(model, kernels).teach(sample(FIRST_LABEL), StudentRows.whole(3, NUM_TOKENS));
        double[] gradient = new Student(model, kernels, wide)
                .gradient(lesson, gates(model, 6))
                .gradient();
        for (double entry : gradient) {
            assertEquals(0, entry, 1e-15);
        }
    }

    @Test
    void truncatedStudentEqualsTheWholeOne() {
        DecoderArrays model = TinyDecoder.random(7, true, true);
        ExactKernels kernels = new ExactKernels(model);
        Student student = new Student(model, kernels, PATTERN);
        Teacher teacher = new Teacher(model, kernels);
        double[] alpha = gates(model, 8);
        Student.Result whole =
                student.gradient(teacher.teach(sample(FIRST_LABEL), StudentRows.whole(3, NUM_TOKENS)), alpha);
        Student.Result truncated = student.gradient(
                teacher.teach(sample(FIRST_LABEL), StudentRows.truncated(3, FIRST_LABEL, NUM_TOKENS, PATTERN)), alpha);
        assertEquals(whole.loss(), truncated.loss(), 1e-12);
        for (int gate = 0; gate < alpha.length; gate++) {
            assertEquals(whole.gradient()[gate], truncated.gradient()[gate], 1e-12);
        }
    }

    @Test
    void onePositionFewerIsTooFew() {
        DecoderArrays model = TinyDecoder.random(7, true, true);
        ExactKernels kernels = new ExactKernels(model);
        Student student = new Student(model, kernels, PATTERN);
        Teacher teacher = new Teacher(model, kernels);
        double[] alpha = gates(model, 8);
        double whole = student.loss(teacher.teach(sample(FIRST_LABEL), StudentRows.whole(3, NUM_TOKENS)), alpha);
        StudentRows rows = StudentRows.truncated(3, FIRST_LABEL, NUM_TOKENS, PATTERN);
        Rows first = rows.in().getFirst();
        List<Rows> in = new ArrayList<>(rows.in());
        in.set(0, new Rows(first.sink(), first.start() + 1, first.end()));
        double cut = student.loss(teacher.teach(sample(FIRST_LABEL), new StudentRows(in, rows.out())), alpha);
        assertTrue(Math.abs(whole - cut) > 1e-6, () -> "loss " + whole + " with one position fewer: " + cut);
    }
}
