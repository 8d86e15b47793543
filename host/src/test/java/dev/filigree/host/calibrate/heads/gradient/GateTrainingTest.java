package dev.filigree.host.calibrate.heads.gradient;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.host.calibrate.CalibrationException;
import dev.filigree.host.calibrate.data.CalibrationData;
import dev.filigree.host.calibrate.data.CalibrationSample;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.ExactKernels;
import dev.filigree.host.calibrate.decoder.TinyDecoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GateTrainingTest {
    private static final DecoderArrays MODEL = TinyDecoder.random(11, false, false);
    private static final HeadPattern.Streaming PATTERN = new HeadPattern.Streaming(2, 4);

    private static final CalibrationData DATA = new CalibrationData() {
        @Override
        public CalibrationSample sample(long index) {
            return new CalibrationSample(
                    TinyDecoder.tokens(index, 32), IntStream.range(26, 32).toArray());
        }

        @Override
        public int maxTokens() {
            return 32;
        }

        @Override
        public String describe() {
            return "random tokens";
        }
    };

    private static GateTraining training(int numSamples) {
        return new GateTraining(
                MODEL, new ExactKernels(MODEL), DATA, new GateTraining.Settings(PATTERN, 12, 0.02, 0.05, numSamples));
    }

    private static float[] finish(GateTraining training) {
        while (!training.done()) {
            training.step();
        }
        return training.state().gates();
    }

    @Test
    void resumedRunEndsWithTheSameBits(@TempDir Path folder) {
        float[] whole = finish(training(5));
        GateTraining first = training(5);
        for (int step = 0; step < 7; step++) {
            first.step();
        }
        StateFile file = new StateFile(folder.resolve("run.state"), "run");
        file.write(first.state());
        GateTraining second = training(5);
        second.resume(file.read());
        assertArrayEquals(whole, finish(second));
    }

    @Test
    void rememberedLessonsChangeNothing() {
        float[] remembered = finish(training(4));
        GateTraining fresh = new GateTraining(
                MODEL,
                new ExactKernels(MODEL),
                new Repeating(4),
                new GateTraining.Settings(PATTERN, 12, 0.02, 0.05, 12));
        assertArrayEquals(remembered, finish(fresh));
    }

    /** Samples that repeat by themselves, so that training with as many samples as steps sees the same ones. */
    private record Repeating(int period) implements CalibrationData {
        @Override
        public CalibrationSample sample(long index) {
            return DATA.sample(index % period);
        }

        @Override
        public int maxTokens() {
            return DATA.maxTokens();
        }

        @Override
        public String describe() {
            return DATA.describe();
        }
    }

    @Test
    void firstStepIsThePenaltyAlone() {
        GateTraining training = training(5);
        GateTraining.Progress progress = training.step();
        assertEquals(0.0, progress.loss());
        assertEquals(0.05, progress.penalty(), 1e-12);
        for (float gate : training.state().gates()) {
            // Adam's first step is one rate long whatever the gradient; 12 steps put the rate at 5/12 of its peak.
            assertEquals(1 - 0.02 * 5 / 12, gate, 1e-5);
        }
    }

    @Test
    void stateOfAnotherRunIsRefused(@TempDir Path folder) {
        Path path = folder.resolve("run.state");
        new StateFile(path, "one run").write(training(5).state());
        CalibrationException refusal =
                assertThrows(CalibrationException.class, () -> new StateFile(path, "another run").read());
        assertTrue(String.valueOf(refusal.getMessage())
                .endsWith("belongs to the run \"one run\"; accepted: \"another run\""));
    }

    /** Found with fuzzing: the lengths were compared only when the run went on, and the refusal did not name the file. */
    @Test
    void stateOfUnequalArraysIsRefused(@TempDir Path folder) throws Exception {
        Path path = Files.writeString(
                folder.resolve("run.state"),
                "{\"run\": \"r\", \"step\": 1, \"gates\": [1, 1], \"mean\": [0], \"square\": [0, 0]}");
        CalibrationException refusal = assertThrows(CalibrationException.class, () -> new StateFile(path, "r").read());
        assertEquals(
                path + ": gates, mean and square have 2, 1 and 2 numbers; accepted: as many of each",
                refusal.getMessage());
    }
}
