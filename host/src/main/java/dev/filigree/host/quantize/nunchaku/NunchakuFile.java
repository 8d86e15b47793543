package dev.filigree.host.quantize.nunchaku;

import dev.filigree.api.linear.LinearStorage;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.checkpoint.SafetensorsFile;
import dev.filigree.host.checkpoint.SafetensorsWriter;
import dev.filigree.host.checkpoint.StoredTensor;
import dev.filigree.host.checkpoint.StoredType;
import dev.filigree.host.checkpoint.TensorSpec;
import dev.filigree.host.quantize.LinearShape;
import dev.filigree.host.quantize.QuantizedTensor;
import dev.filigree.host.quantize.QuantizedWeights;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** Whole files in the published layout: the tensors of each layer under its name and a dot, all others as they are. */
public final class NunchakuFile {
    private static final String CONFIG = "quantization_config";

    private NunchakuFile() {}

    /**
     * Writes a file; it appears all at once.
     *
     * @param layers quantized layers by name
     * @param originals all tensors of the model; {@code weight} and {@code bias} of quantized layers are left out
     * @param half bf16 or f16: what 16-bit tensors of the layers are rounded to
     * @throws IllegalArgumentException if a layer is stored in a way that the layout does not have
     */
    public static void write(
            Path target, Map<String, QuantizedWeights> layers, Collection<StoredTensor> originals, DType half) {
        Map<String, QuantizedTensor> tensors = new LinkedHashMap<>();
        layers.forEach((name, layer) ->
                publish(name, layer, half).forEach((tensor, value) -> tensors.put(name + "." + tensor, value)));
        List<StoredTensor> others = originals.stream()
                .filter(tensor -> !replaced(tensor.spec().name(), layers))
                .toList();
        List<TensorSpec> specs = new ArrayList<>();
        tensors.forEach((name, tensor) -> specs.add(tensor.spec(name)));
        others.forEach(tensor -> specs.add(tensor.spec()));
        try (SafetensorsWriter writer = SafetensorsWriter.create(target, specs, Map.of(CONFIG, config(layers)))) {
            tensors.forEach((name, tensor) -> writer.write(name, MemorySegment.ofArray(tensor.bytes())));
            others.forEach(tensor -> writer.write(tensor.spec().name(), tensor.data()));
            writer.commit();
        }
    }

    private static Map<String, QuantizedTensor> publish(String name, QuantizedWeights layer, DType half) {
        List<Long> shape = Names.find(layer.tensors(), "qweight").shape();
        int out = Math.toIntExact(shape.getFirst());
        int in = Math.toIntExact(shape.getLast());
        try {
            return layer.storage().weight().codes() == DType.U4
                    ? new NunchakuWeightOnlyLayer(out, in).publish(layer, half)
                    : new NunchakuLayer(out, in).publish(layer, half);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("layer " + name + " cannot be published: " + e.getMessage(), e);
        }
    }

    private static boolean replaced(String tensor, Map<String, QuantizedWeights> layers) {
        int dot = tensor.lastIndexOf('.');
        String part = tensor.substring(dot + 1);
        return dot > 0
                && (part.equals("weight") || part.equals("bias"))
                && layers.containsKey(tensor.substring(0, dot));
    }

    /** The published description of the W4A4 layers: their codes, groups and largest rank. */
    private static String config(Map<String, QuantizedWeights> layers) {
        List<LinearStorage> both = layers.values().stream()
                .map(QuantizedWeights::storage)
                .filter(storage -> storage.weight().codes() != DType.U4)
                .toList();
        long rank = both.stream().mapToLong(LinearStorage::rank).max().orElse(0);
        boolean floats = both.stream().anyMatch(storage -> storage.weight().codes() == DType.E2M1);
        String dtype = floats ? "fp4_e2m1_all" : "int4";
        String weightScale = floats ? "[null, \"fp8_e4m3_nan\"]" : "null";
        String inputScale = floats ? "\"fp8_e4m3_nan\"" : "null";
        int group = floats ? 16 : 64;
        return "{\"method\": \"svdquant\", \"weight\": {\"dtype\": \"" + dtype + "\", \"scale_dtype\": " + weightScale
                + ", \"group_size\": " + group + "}, \"activation\": {\"dtype\": \"" + dtype
                + "\", \"scale_dtype\": " + inputScale + ", \"group_size\": " + group + "}, \"rank\": " + rank + "}";
    }

    /**
     * Reads the layers of a file.
     *
     * @param layers that the file holds quantized; sizes are those of the model, without padding
     * @param shift what the input of a layer is shifted by when it is quantized: 0.171875 behind a GELU with integers, else 0
     * @throws CheckpointException if a tensor is missing or has another shape
     */
    public static Map<String, QuantizedWeights> read(
            SafetensorsFile file, Collection<LinearShape> layers, ToDoubleFunction<LinearShape> shift) {
        Map<String, QuantizedWeights> read = new LinkedHashMap<>();
        for (LinearShape layer : layers) {
            Map<String, QuantizedTensor> tensors = new LinkedHashMap<>();
            String prefix = layer.name() + ".";
            file.tensors().forEach((name, stored) -> {
                if (name.startsWith(prefix)) {
                    tensors.put(name.substring(prefix.length()), tensor(stored));
                }
            });
            read.put(layer.name(), read(layer, tensors, (float) shift.applyAsDouble(layer)));
        }
        return read;
    }

    private static QuantizedWeights read(LinearShape layer, Map<String, QuantizedTensor> tensors, float shift) {
        try {
            return tensors.containsKey("wzeros")
                    ? new NunchakuWeightOnlyLayer(layer.outFeatures(), layer.inFeatures()).read(tensors)
                    : new NunchakuLayer(layer.outFeatures(), layer.inFeatures()).read(tensors, shift);
        } catch (CheckpointException | IllegalArgumentException e) {
            throw new CheckpointException("layer " + layer.name() + " cannot be read: " + e.getMessage());
        }
    }

    private static QuantizedTensor tensor(StoredTensor stored) {
        DType dtype = switch (stored.spec().type()) {
            case F32 -> DType.F32;
            case F16 -> DType.F16;
            case BF16 -> DType.BF16;
            case F8_E4M3 -> DType.E4M3;
            case I8, U8 -> DType.I8;
            case I32 -> DType.I32;
            default -> throw unknown(stored.spec().name(), stored.spec().type());
        };
        return new QuantizedTensor(dtype, stored.spec().shape(), stored.data().toArray(ValueLayout.JAVA_BYTE));
    }

    private static CheckpointException unknown(String name, StoredType type) {
        return new CheckpointException(
                "tensor " + name + " has type " + type + "; accepted: F32, F16, BF16, F8_E4M3, I8, I32");
    }
}
