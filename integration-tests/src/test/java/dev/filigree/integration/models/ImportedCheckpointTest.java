package dev.filigree.integration.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.check.Tracer;
import dev.filigree.host.checkpoint.Checkpoint;
import dev.filigree.host.checkpoint.SafetensorsWriter;
import dev.filigree.host.checkpoint.SideFiles;
import dev.filigree.host.checkpoint.StoredType;
import dev.filigree.host.checkpoint.TensorSpec;
import dev.filigree.host.engine.Engine;
import dev.filigree.host.engine.EngineConfig;
import dev.filigree.host.quantize.QuantizedFile;
import dev.filigree.host.quantize.qserve.QServeFile;
import dev.filigree.integration.models.PublishedLayer.Form;
import dev.filigree.policies.lowbit.LowBitLinearPolicy;
import dev.filigree.policies.lowbit.LowBitLinearPolicy.Activations;
import dev.filigree.policies.plain.PlainLinear;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Decoders in QServe's layout, read and stored in this project's, answer as the weights that they stand for. */
class ImportedCheckpointTest {
    private static final int[] IDS = {5, 17, 3, 99, 42, 7, 61, 23, 8, 111, 2, 77, 30};
    private static final Set<DType> CODES = Set.of(DType.U4, DType.I8);

    @TempDir
    private Path folder;

    static Stream<Arguments> formsOnBackends() {
        return TestModels.cpuBackends().stream()
                .flatMap(backend -> Stream.of(Form.values()).map(form -> Arguments.of(backend, form)));
    }

    /** Writes the decoder in the layout, and once more with dense weights; a group needs rows of 128, else per channel. */
    private void write(Form form) {
        Path source = TestModels.tiny("llama31");
        Map<TensorSpec, MemorySegment> published = new LinkedHashMap<>();
        Map<TensorSpec, MemorySegment> dense = new LinkedHashMap<>();
        Random random = new Random(form.ordinal());
        try (Checkpoint checkpoint = Checkpoint.open(source)) {
            checkpoint.tensors().forEach((name, tensor) -> {
                if (!name.contains("_proj.weight")) {
                    published.put(tensor.spec(), tensor.data());
                    dense.put(tensor.spec(), tensor.data());
                    return;
                }
                int out = Math.toIntExact(tensor.spec().shape().getFirst());
                int in = Math.toIntExact(tensor.spec().shape().getLast());
                Form own = form == Form.GROUPS && in % 128 != 0 ? Form.CHANNELS : form;
                String layer = name.substring(0, name.length() - ".weight".length());
                PublishedLayer made = new PublishedLayer(layer, own, out, in, random);
                published.putAll(made.tensors());
                dense.put(
                        new TensorSpec(name, StoredType.F32, tensor.spec().shape()),
                        MemorySegment.ofArray(made.dense()));
            });
            published.put(
                    new TensorSpec("model.layers.0.self_attn.kv_scale_quant_orig", StoredType.F32, List.of(2L)),
                    MemorySegment.ofArray(new float[] {0.1f, 0.2f}));
            file(source, folder.resolve("published"), published);
            file(source, folder.resolve("dense"), dense);
        }
    }

    private static void file(Path source, Path target, Map<TensorSpec, MemorySegment> tensors) {
        SideFiles.copy(source, target);
        try (SafetensorsWriter writer = SafetensorsWriter.create(
                target.resolve("model.safetensors"), new ArrayList<>(tensors.keySet()), Map.of())) {
            tensors.forEach((spec, data) -> writer.write(spec.name(), data));
            writer.commit();
        }
    }

    private static float[] logits(Path checkpoint, String backend, QuantizedLinear linear) {
        EngineConfig exact = TestModels.exact(checkpoint, backend, 1, 64);
        EngineConfig config = new EngineConfig(
                checkpoint,
                exact.attention(),
                exact.kvCache(),
                linear,
                exact.activations(),
                exact.maxContext(),
                exact.maxSeqs(),
                exact.chunkTokens(),
                exact.kvBudgetBytes(),
                exact.backend());
        try (Engine engine = TestModels.open(config)) {
            int vocab = engine.decoder().vocabSize();
            float[] all = new float[IDS.length * vocab];
            float[] row = new float[vocab];
            new Tracer(engine).prefill(List.of(IDS), IDS.length, (sequence, position, results, at) -> {
                results.logits(at, row);
                System.arraycopy(row, 0, all, position * vocab, vocab);
            });
            return all;
        }
    }

    @ParameterizedTest
    @MethodSource("formsOnBackends")
    void answersAreThoseOfTheDenseWeights(String backend, Form form) {
        write(form);
        Path imported = folder.resolve("imported");
        try (Checkpoint published = Checkpoint.open(folder.resolve("published"))) {
            QServeFile.Decoder decoder = QServeFile.read(published);
            assertEquals(7 * published.config().numLayers(), decoder.layers().size());
            assertEquals(List.of("model.layers.0.self_attn.kv_scale_quant_orig"), decoder.leftOut());
            SideFiles.copy(published.folder(), imported);
            QuantizedFile.write(imported.resolve("model.safetensors"), decoder.layers(), decoder.others());
        }
        assertTrue(Files.exists(imported.resolve("config.json")));
        float[] dense = logits(folder.resolve("dense"), backend, new PlainLinear());
        float[] exact = logits(imported, backend, new LowBitLinearPolicy("w4a16", CODES, Activations.FLOAT));
        float[] rounded = logits(imported, backend, new LowBitLinearPolicy("w4a8", CODES, Activations.INT8));
        double top = 0;
        for (float value : dense) {
            top = Math.max(top, Math.abs(value));
        }
        for (int i = 0; i < dense.length; i++) {
            assertEquals(dense[i], exact[i], 1e-4 * top);
        }
        double cosine = cosine(dense, rounded);
        assertTrue(cosine > 0.99, () -> "8-bit activations turn the logits to a cosine of " + cosine);
    }

    private static double cosine(float[] a, float[] b) {
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int i = 0; i < a.length; i++) {
            ab += (double) a[i] * b[i];
            aa += (double) a[i] * a[i];
            bb += (double) b[i] * b[i];
        }
        return ab / Math.sqrt(aa * bb);
    }
}
