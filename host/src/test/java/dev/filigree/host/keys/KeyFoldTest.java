package dev.filigree.host.keys;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.tensor.DType;
import dev.filigree.host.calibrate.data.CalibrationSample;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.DenseDecoder;
import dev.filigree.host.calibrate.decoder.ExactKernels;
import dev.filigree.host.calibrate.decoder.FoldedDecoder;
import dev.filigree.host.calibrate.decoder.Rows;
import dev.filigree.host.calibrate.decoder.TinyDecoder;
import dev.filigree.host.calibrate.keys.KeyRanges;
import dev.filigree.host.calibrate.keys.ScoreError;
import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.checkpoint.DecoderConfig;
import dev.filigree.host.checkpoint.SafetensorsFile;
import dev.filigree.host.checkpoint.StorageIndex;
import dev.filigree.host.quantize.QuantizedFile;
import dev.filigree.host.quantize.QuantizedTensor;
import dev.filigree.host.quantize.QuantizedWeights;
import dev.filigree.host.quantize.StoredLayers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Smoothed keys (QServe section 4.2; oracle 15 of LServe): scores stay, weights take the factors, few bits lose less. */
class KeyFoldTest {
    private static final int NUM_TOKENS = 40;
    private static final String QUERY = "model.layers.0.self_attn.q_proj";

    @TempDir
    private Path folder;

    /** Factors of any size; {@code perLayer} of them for each head. */
    private static KeySmoothing factors(DecoderArrays model, int perHead, boolean shared, boolean powersOfTwo) {
        Random random = new Random(5);
        List<List<List<Float>>> layers = new ArrayList<>();
        for (int layer = 0; layer < model.numLayers(); layer++) {
            List<List<Float>> heads = new ArrayList<>();
            for (int head = 0; head < model.geometry().numKvHeads(); head++) {
                List<Float> factors = new ArrayList<>();
                for (int i = 0; i < perHead; i++) {
                    double exponent = 4 * random.nextDouble() - 2;
                    factors.add((float) Math.pow(2, powersOfTwo ? Math.rint(exponent) : exponent));
                }
                heads.add(shared && head > 0 ? heads.getFirst() : factors);
            }
            layers.add(heads);
        }
        return new KeySmoothing(0.5, layers);
    }

    /** Scores of all pairs of rows in all layers, each layer's input being that of the plain decoder. */
    private static double[] scores(DecoderArrays model) {
        List<Double> scores = new ArrayList<>();
        DenseDecoder decoder = new DenseDecoder(model, new ExactKernels(model));
        int[] tokens = TinyDecoder.tokens(3, NUM_TOKENS);
        decoder.run(decoder.embed(tokens, Rows.all(NUM_TOKENS)), NUM_TOKENS, 0, (layer, trace, attn, lse) -> {
            int d = model.headDim();
            int heads = model.geometry().numQoHeads();
            for (int i = 0; i < NUM_TOKENS * heads; i++) {
                for (int key = 0; key < NUM_TOKENS; key++) {
                    int kvHead = i % heads / model.geometry().groupSize();
                    double score = 0;
                    for (int c = 0; c < d; c++) {
                        score += trace.q()[i * d + c] * trace.k()[key * model.kvWidth() + kvHead * d + c];
                    }
                    scores.add(score);
                }
            }
        });
        return scores.stream().mapToDouble(Double::doubleValue).toArray();
    }

    private static double largestDifference(double[] expected, double[] actual) {
        double largest = 0;
        double top = 0;
        for (int i = 0; i < expected.length; i++) {
            largest = Math.max(largest, Math.abs(expected[i] - actual[i]));
            top = Math.max(top, Math.abs(expected[i]));
        }
        return largest / top;
    }

    @Test
    void scoresStayWhatTheyWere() {
        for (boolean qkNorm : new boolean[] {false, true}) {
            DecoderArrays model = TinyDecoder.random(1, true, qkNorm);
            double[] plain = scores(model);
            KeySmoothing any = factors(model, model.headDim() / 2, qkNorm, false);
            double moved = largestDifference(plain, scores(FoldedDecoder.of(model, any)));
            assertTrue(moved < 1e-5, () -> "scores moved by " + moved);
            KeySmoothing powers = factors(model, model.headDim() / 2, qkNorm, true);
            assertArrayEquals(plain, scores(FoldedDecoder.of(model, powers)));
        }
    }

    /** The two channels of a pair must share a factor: with one for each the rotation does not commute. */
    @Test
    void factorsThatSplitAPairChangeScores() {
        DecoderArrays model = TinyDecoder.random(1, true, false);
        KeySmoothing split = factors(model, model.headDim(), false, false);
        assertTrue(largestDifference(scores(model), scores(FoldedDecoder.of(model, split))) > 1e-2);
    }

    @Test
    void normsTakeOneSetOfFactorsForAllHeads() {
        DecoderArrays model = TinyDecoder.random(1, false, true);
        KeySmoothing different = factors(model, model.headDim() / 2, false, false);
        CheckpointException refusal = assertThrows(CheckpointException.class, () -> FoldedDecoder.of(model, different));
        assertEquals(
                "key smoothing has 2 sets of factors in layer 0; accepted: one for all heads, as the norms of queries"
                        + " and keys are shared by the heads",
                refusal.getMessage());
    }

    /** Codes stay; what is dequantized is a row of the plain layer times its factor, to the bit for powers of two. */
    @Test
    void lowBitLayersKeepTheirCodes() {
        DecoderArrays model = TinyDecoder.random(1, true, false);
        DecoderConfig config = FoldedDecoder.config(model);
        KeySmoothing smoothing = factors(model, model.headDim() / 2, false, true);
        for (QuantizedWeights stored : StoredLayers.each(model.qWidth(), 128)) {
            Path file = folder.resolve("layer.safetensors");
            QuantizedFile.write(file, Map.of(QUERY, stored), List.of());
            try (SafetensorsFile open = SafetensorsFile.open(file);
                    Arena arena = Arena.ofConfined()) {
                KeyFold fold = KeyFold.of(config, StorageIndex.read(open), smoothing);
                QuantizedWeights folded = StoredLayers.map(stored, (name, tensor) -> {
                    MemorySegment data = MemorySegment.ofArray(tensor.bytes());
                    MemorySegment product = fold.apply(QUERY + "." + name, tensor.dtype(), data, arena);
                    return new QuantizedTensor(tensor.dtype(), tensor.shape(), product.toArray(ValueLayout.JAVA_BYTE));
                });
                assertArrayEquals(
                        stored.tensors().get("qweight").bytes(),
                        folded.tensors().get("qweight").bytes());
                double[] plain = StoredLayers.dense(stored);
                double[] smoothed = StoredLayers.dense(folded);
                int columns = plain.length / model.qWidth();
                for (int i = 0; i < plain.length; i++) {
                    int row = i / columns;
                    int kvHead = row / model.headDim() / model.geometry().groupSize();
                    plain[i] *= smoothing.of(0, kvHead, row % model.headDim());
                }
                assertArrayEquals(plain, smoothed, stored.storage().toString());
            }
        }
    }

    @Test
    void otherTensorsStayWhereTheyAre() {
        DecoderArrays model = TinyDecoder.random(1, true, false);
        KeyFold fold = KeyFold.of(
                FoldedDecoder.config(model), StorageIndex.NONE, factors(model, model.headDim() / 2, false, true));
        MemorySegment data = MemorySegment.ofArray(new byte[4 * model.qWidth()]);
        for (String name : List.of(
                "model.layers.0.self_attn.v_proj.weight",
                "model.layers.9.self_attn.q_proj.weight",
                QUERY + ".lora.one.down",
                QUERY + ".qweight",
                "model.norm.weight")) {
            assertSame(data, fold.apply(name, DType.F32, data, Arena.global()), name);
        }
    }

    @Test
    void aProductThatLeavesTheDtypeIsRefused() {
        DecoderArrays model = TinyDecoder.random(1, true, false);
        KeySmoothing large = new KeySmoothing(
                0.5,
                java.util.Collections.nCopies(
                        3, java.util.Collections.nCopies(2, java.util.Collections.nCopies(4, 4096f))));
        KeyFold fold = KeyFold.of(FoldedDecoder.config(model), StorageIndex.NONE, large);
        float[] bias = new float[model.qWidth()];
        bias[7] = 300;
        MemorySegment data = MemorySegment.ofArray(
                QuantizedTensor.of(DType.F16, bias, bias.length).bytes());
        CheckpointException refusal = assertThrows(
                CheckpointException.class, () -> fold.apply(QUERY + ".bias", DType.F16, data, Arena.global()));
        assertEquals(
                "tensor " + QUERY + ".bias has a 300.0 that smoothing makes 1228800.0; accepted: what f16 can hold",
                refusal.getMessage());
    }

    @Test
    void filesReadBackToTheBitAndOthersAreRefused() throws Exception {
        DecoderArrays model = TinyDecoder.random(1, true, false);
        KeySmoothing smoothing = factors(model, model.headDim() / 2, false, false);
        Path file = folder.resolve("keys.json");
        smoothing.write(file);
        assertEquals(smoothing, KeySmoothing.read(file, FoldedDecoder.config(model)));
        DecoderConfig longer = FoldedDecoder.config(TinyDecoder.random(1, 4, 6, 2, true, false));
        assertThrows(CheckpointException.class, () -> KeySmoothing.read(file, longer));
        String text = Files.readString(file);
        for (String wrong : List.of(
                text.replace("filigree-key-smoothing", "gates"),
                text.replace("\"version\": 1", "\"version\": 2"),
                text.replaceFirst("\\[\\d\\.[0-9E-]+,", "[0,"),
                text.replaceFirst("\\[\\d\\.[0-9E-]+,", "["))) {
            Files.writeString(file, wrong);
            assertThrows(CheckpointException.class, () -> KeySmoothing.read(file, FoldedDecoder.config(model)), wrong);
        }
    }

    /** One pair of channels sixteen times larger than the rest, as trained keys have them. */
    @Test
    void scoresOverFourBitKeysMoveLess() {
        DecoderArrays model = FoldedDecoder.withOutliers(TinyDecoder.random(1, true, false), 16);
        ExactKernels kernels = new ExactKernels(model);
        KeyRanges ranges = new KeyRanges(model, kernels);
        for (int i = 0; i < 3; i++) {
            ranges.add(sample(i));
        }
        double[] plain = new ScoreError(model, Optional.empty()).of(sample(9), kernels);
        for (boolean powersOfTwo : new boolean[] {false, true}) {
            KeySmoothing smoothing = ranges.smoothing(0.5, powersOfTwo);
            double[] smoothed = new ScoreError(model, Optional.of(smoothing)).of(sample(9), kernels);
            for (int layer = 0; layer < plain.length; layer++) {
                double before = plain[layer];
                double after = smoothed[layer];
                assertTrue(after < 0.6 * before, () -> "score error " + before + " became " + after);
            }
        }
        double[] none = new ScoreError(model, Optional.of(ranges.smoothing(0, true))).of(sample(9), kernels);
        assertArrayEquals(plain, none);
    }

    private static CalibrationSample sample(long seed) {
        return new CalibrationSample(TinyDecoder.tokens(seed, NUM_TOKENS), new int[] {NUM_TOKENS - 1});
    }
}
