package dev.filigree.host.diffusion;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.api.select.BackendRequest;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.picture.Picture;
import dev.filigree.host.picture.PictureScores;
import dev.filigree.host.quantize.QuantizeJob;
import dev.filigree.host.quantize.QuantizeRecipe;
import dev.filigree.host.quantize.QuantizedFile;
import dev.filigree.host.quantize.Scheme;
import dev.filigree.host.quantize.math.Products;
import dev.filigree.policies.dense.DensePolicy;
import dev.filigree.policies.lowbit.LowBitLinearPolicy;
import dev.filigree.policies.lowbit.LowBitLinearPolicy.Activations;
import dev.filigree.policies.plain.PlainLinear;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A small model is quantized over what it paints, and paints again. */
class QuantizedPainterTest {
    private static final String VECTOR = "cpu-vector";
    private static final QuantizedLinear W4A4 =
            new LowBitLinearPolicy("svdquant", Set.of(DType.I4), Activations.AS_WEIGHT);
    private static final QuantizedLinear W4A16 = new LowBitLinearPolicy("w4a16", Set.of(DType.U4), Activations.FLOAT);
    private static final QuantizedLinear W8A8 = new LowBitLinearPolicy("w8a8", Set.of(DType.I8), Activations.INT8);

    @TempDir
    private Path folder;

    private Path plain = Path.of("");

    @BeforeEach
    void write() throws IOException {
        plain = TinyDit.write(Files.createDirectory(folder.resolve("sixteen")));
    }

    private Path quantize(Scheme scheme, int rank) throws IOException {
        Path target = Files.createDirectory(folder.resolve(scheme.id() + rank));
        PainterConfig parts = TinyDit.parts(plain, VECTOR, new DensePolicy(), 2.5, 2);
        Map<String, float[]> inputs = DitInputs.collect(
                parts, BackendSelector.installed(), List.of("a red ring", "blue", "a ring", "red"), 256, 3);
        QuantizeRecipe.Smoothing smoothing =
                scheme.activation().isPresent() ? QuantizeRecipe.Smoothing.FULL : QuantizeRecipe.Smoothing.NONE;
        QuantizeRecipe recipe = new QuantizeRecipe(scheme, smoothing, 6, rank, Map.of(), 3, false, List.of(), 1);
        try (DitCheckpoint source = DitCheckpoint.open(plain);
                Backend backend = BackendSelector.installed()
                        .select(BackendRequest.named(VECTOR), List.of(Products.sample()))
                        .backend();
                Products products = new Products(backend)) {
            QuantizeJob job = new QuantizeJob(new DitLinearModel(source, inputs), recipe, products).run(report -> {});
            QuantizedFile.write(
                    target.resolve("model.safetensors"),
                    job.weights(),
                    source.file().tensors().values());
        }
        Files.copy(plain.resolve("config.json"), target.resolve("config.json"));
        return target;
    }

    private static Picture paint(Path model, String backend, QuantizedLinear linear) {
        PainterConfig parts = TinyDit.parts(model, backend, new DensePolicy(), linear, 2.5, 1);
        try (Painter painter = new Painter(parts, BackendSelector.installed())) {
            return painter.paint(List.of(PaintRequest.of("a blue ring", 9, painter.config())), PaintWatcher.NONE)
                    .getFirst();
        }
    }

    @Test
    void aBranchBringsFourBitsCloserToSixteen() throws IOException {
        Picture exact = paint(plain, VECTOR, new PlainLinear());
        double none = PictureScores.of(exact, paint(quantize(Scheme.W4A4_INT4, 0), VECTOR, W4A4))
                .psnr();
        double rank8 = PictureScores.of(exact, paint(quantize(Scheme.W4A4_INT4, 8), VECTOR, W4A4))
                .psnr();
        double eight = PictureScores.of(exact, paint(quantize(Scheme.W8A8, 0), VECTOR, W8A8))
                .psnr();
        double weights = PictureScores.of(exact, paint(quantize(Scheme.W4A16, 0), VECTOR, W4A16))
                .psnr();
        assertTrue(none < weights, () -> "PSNR " + none + " against " + weights + " of weights alone");
        assertTrue(none < rank8 && rank8 < eight, () -> "PSNR " + none + ", " + rank8 + ", " + eight);
    }

    @Test
    void backendsAgreeOnAQuantizedModel() throws IOException {
        Path model = quantize(Scheme.W4A16, 4);
        PictureScores scores = PictureScores.of(paint(model, "cpu-reference", W4A16), paint(model, VECTOR, W4A16));
        assertTrue(scores.largestDifference() <= 1, scores::toString);
    }

    /** A sum that differs in its last digit may turn the code of an activation over: equal in sight, not in levels. */
    @Test
    void backendsAgreeInSightWhereActivationsAreQuantized() throws IOException {
        Path model = quantize(Scheme.W8A8, 4);
        PictureScores scores = PictureScores.of(paint(model, "cpu-reference", W8A8), paint(model, VECTOR, W8A8));
        assertTrue(scores.ssim() > 0.999, scores::toString);
    }

    @Test
    void onlyInputsAfterGeluAreShifted() throws IOException {
        try (DitCheckpoint checkpoint = DitCheckpoint.open(quantize(Scheme.W4A4_INT4, 0))) {
            assertEquals(20, checkpoint.storage().layers().size());
            checkpoint
                    .storage()
                    .layers()
                    .forEach((name, storage) -> assertEquals(
                            name.endsWith("ff_out") ? DitLinearModel.GELU_SHIFT : 0, storage.shift(), name));
        }
    }

    @Test
    void quantizedModelsNeedAPolicyThatReadsThem() throws IOException {
        Path model = quantize(Scheme.W4A4_INT4, 0);
        assertThrows(PolicyRefusal.class, () -> paint(model, VECTOR, new PlainLinear()));
        assertThrows(PolicyRefusal.class, () -> paint(model, VECTOR, W8A8));
        try (DitCheckpoint checkpoint = DitCheckpoint.open(model)) {
            CheckpointException refusal =
                    assertThrows(CheckpointException.class, () -> new DitLinearModel(checkpoint, Map.of()));
            assertTrue(String.valueOf(refusal.getMessage()).contains("is quantized already"), refusal.getMessage());
        }
    }
}
