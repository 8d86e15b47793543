package dev.filigree.integration.models;

import dev.filigree.host.checkpoint.SafetensorsWriter;
import dev.filigree.host.checkpoint.StoredType;
import dev.filigree.host.checkpoint.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Adapters of random factors for one layer, as PEFT writes them. */
final class TestAdapter {
    /** Inner size. */
    static final int RANK = 4;

    private TestAdapter() {}

    static void write(Path file, String layer, int in, int out) {
        List<TensorSpec> specs = List.of(
                new TensorSpec(
                        "base_model.model." + layer + ".lora_A.weight", StoredType.F32, List.of((long) RANK, (long)
                                in)),
                new TensorSpec(
                        "base_model.model." + layer + ".lora_B.weight", StoredType.F32, List.of((long) out, (long)
                                RANK)));
        Random random = new Random(5);
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, specs, Map.of())) {
            for (TensorSpec spec : specs) {
                float[] values = new float[(int) spec.numElements()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) random.nextGaussian();
                }
                writer.write(spec.name(), MemorySegment.ofArray(values));
            }
            writer.commit();
        }
    }
}
