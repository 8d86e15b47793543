package dev.filigree.host.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.host.checkpoint.Checkpoint;
import dev.filigree.host.checkpoint.DecoderWeights;
import dev.filigree.host.checkpoint.SafetensorsWriter;
import dev.filigree.host.checkpoint.SideFiles;
import dev.filigree.host.checkpoint.StorageIndex;
import dev.filigree.host.checkpoint.StoredType;
import dev.filigree.host.checkpoint.TensorSpec;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The import command: what it writes, and what it refuses in one sentence. */
class ImportCommandTest {
    private static final Path MODEL = Path.of("../examples/models/needle-16k");
    private static final String LAYER = "model.layers.2.mlp.up_proj";

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(Path source) {
        String[] args = {
            "import", source.toString(), "-o", folder.resolve("imported").toString()
        };
        return Main.run(args, new PrintWriter(out, true), new PrintWriter(err, true));
    }

    /** The demo model with one layer at 8 bits, and whatever else a test wants. */
    private Path published(Map<TensorSpec, MemorySegment> more) {
        Path target = folder.resolve("published");
        Map<TensorSpec, MemorySegment> tensors = new LinkedHashMap<>(more);
        try (Checkpoint source = Checkpoint.open(MODEL)) {
            source.tensors().forEach((name, tensor) -> {
                if (!name.equals(LAYER + ".weight")) {
                    tensors.put(tensor.spec(), tensor.data());
                    return;
                }
                long out = tensor.spec().shape().getFirst();
                tensors.put(
                        new TensorSpec(name, StoredType.I8, tensor.spec().shape()),
                        MemorySegment.ofArray(new byte[(int) tensor.spec().numElements()]));
                tensors.put(
                        new TensorSpec(LAYER + ".dequant_scale", StoredType.F32, List.of(out)),
                        MemorySegment.ofArray(new float[(int) out]));
            });
            SideFiles.copy(MODEL, target);
            try (SafetensorsWriter writer = SafetensorsWriter.create(
                    target.resolve("model.safetensors"), new ArrayList<>(tensors.keySet()), Map.of())) {
                tensors.forEach((spec, data) -> writer.write(spec.name(), data));
                writer.commit();
            }
        }
        return target;
    }

    @Test
    void layersThatAreQuantizedAreReadAndOthersStay() {
        assertEquals(Errors.OK, run(published(Map.of())), err::toString);
        assertTrue(out.toString().contains("layers stored as i8/row x f32: 1"), out::toString);
        try (Checkpoint imported = Checkpoint.open(folder.resolve("imported"))) {
            DecoderWeights.of(imported);
            assertEquals(
                    List.of(LAYER),
                    List.copyOf(StorageIndex.of(imported).layers().keySet()));
        }
    }

    @Test
    void aTensorThatIsNotKnownIsNamed() {
        TensorSpec stray = new TensorSpec("model.layers.0.self_attn.mystery", StoredType.I8, List.of(4L));
        assertEquals(Errors.USAGE, run(published(Map.of(stray, MemorySegment.ofArray(new byte[4])))));
        assertTrue(
                err.toString().contains("tensor model.layers.0.self_attn.mystery of type I8 is not known"),
                err::toString);
    }

    @Test
    void aPlainCheckpointAndAPickleAreRefused() throws Exception {
        assertEquals(Errors.USAGE, run(MODEL));
        assertTrue(err.toString().contains("has no layer with tensors qweight and s1_scales"), err::toString);
        Path pickle = folder.resolve("pickle");
        SideFiles.copy(MODEL, pickle);
        Files.write(pickle.resolve("pytorch_model.bin"), new byte[8]);
        assertEquals(Errors.USAGE, run(pickle));
        assertTrue(err.toString().contains("as a pickle, pytorch_model.bin"), err::toString);
    }
}
