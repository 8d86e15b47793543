package dev.filigree.host.calibrate.heads;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.host.calibrate.data.CalibrationData;
import dev.filigree.host.calibrate.data.CalibrationSample;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.ExactKernels;
import dev.filigree.host.calibrate.decoder.PlantedDecoder;
import dev.filigree.host.calibrate.heads.gradient.GateTraining;
import dev.filigree.policies.table.HeadTable;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A retrieval head that was put there is found by every method. */
class PlantedHeadTest {
    private static final int NUM_TOKENS = 96;
    private static final DecoderArrays MODEL = PlantedDecoder.make();

    private static final CalibrationData DATA = new CalibrationData() {
        @Override
        public CalibrationSample sample(long index) {
            return new CalibrationSample(PlantedDecoder.tokens(index, NUM_TOKENS), new int[] {NUM_TOKENS - 1});
        }

        @Override
        public int maxTokens() {
            return NUM_TOKENS;
        }

        @Override
        public String describe() {
            return "planted needles";
        }
    };

    private static HeadReport report(HeadMethod method) {
        GateTraining.Settings settings = new GateTraining.Settings(new HeadPattern.Streaming(2, 8), 120, 0.05, 0.05, 8);
        return new HeadCalibration(MODEL, new ExactKernels(MODEL), DATA, settings, line -> {})
                .run(method, Optional.empty());
    }

    @ParameterizedTest
    @EnumSource(HeadMethod.class)
    void plantedHeadIsRankedFirst(HeadMethod method) {
        assertEquals("L1H1", report(method).ranking().getFirst().toString());
    }

    @Test
    void trainingKeepsItsGateAndDropsAllOthers() {
        HeadTable table = report(HeadMethod.GRADIENT).scores();
        float[] gates = {table.of(0, 0), table.of(0, 1), table.of(1, 0), table.of(1, 1)};
        assertTrue(gates[3] > 0.9f, () -> "planted gate " + gates[3]);
        for (int gate = 0; gate < 3; gate++) {
            float other = gates[gate];
            assertTrue(other < 0.1f, () -> "gate of a local head " + other);
        }
    }
}
