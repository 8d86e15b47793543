package dev.filigree.host.lora;

import dev.filigree.api.host.HostTensor;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.checkpoint.PackedTensors;
import dev.filigree.host.checkpoint.SafetensorsWriter;
import dev.filigree.host.checkpoint.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Writes adapter files tensor by tensor. */
final class AdapterFile {
    private final Map<String, TensorSpec> specs = new LinkedHashMap<>();
    private final Map<String, byte[]> data = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    /** A tensor of given numbers. */
    AdapterFile with(String name, DType dtype, float[] values, long... shape) {
        byte[] bytes = new byte[(int) dtype.bytes(values.length)];
        for (int i = 0; i < values.length; i++) {
            HostTensor.store(MemorySegment.ofArray(bytes), 0, dtype, i, values[i]);
        }
        List<Long> sizes = Arrays.stream(shape).boxed().toList();
        specs.put(name, new TensorSpec(name, PackedTensors.storedType(dtype), sizes));
        data.put(name, bytes);
        return this;
    }

    /** A tensor of normal numbers. */
    AdapterFile random(String name, DType dtype, long seed, long... shape) {
        float[] values = new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
        Random random = new Random(seed);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return with(name, dtype, values, shape);
    }

    /** A text of the metadata. */
    AdapterFile text(String key, String value) {
        metadata.put(key, value);
        return this;
    }

    Path write(Path file) {
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, new ArrayList<>(specs.values()), metadata)) {
            data.forEach((name, bytes) -> writer.write(name, MemorySegment.ofArray(bytes)));
            writer.commit();
        }
        return file;
    }
}
