package dev.filigree.host.quantize;

import dev.filigree.api.linear.LinearStorage;
import dev.filigree.host.checkpoint.SafetensorsWriter;
import dev.filigree.host.checkpoint.StorageIndex;
import dev.filigree.host.checkpoint.StoredTensor;
import dev.filigree.host.checkpoint.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Writes a quantized model as one safetensors file: the tensors of quantized layers under the layer's name and a dot, all
 * other tensors as they were, and the facts of every layer in the metadata.
 */
public final class QuantizedFile {
    private QuantizedFile() {}

    /**
     * Writes a file; it appears all at once.
     *
     * @param layers quantized layers by name
     * @param originals all tensors of the model; {@code weight} and {@code bias} of quantized layers are left out
     */
    public static void write(Path target, Map<String, QuantizedWeights> layers, Collection<StoredTensor> originals) {
        Set<String> replaced = new HashSet<>();
        layers.keySet().forEach(layer -> replaced.addAll(List.of(layer + ".weight", layer + ".bias")));
        List<StoredTensor> others = originals.stream()
                .filter(tensor -> !replaced.contains(tensor.spec().name()))
                .toList();
        List<TensorSpec> specs = new ArrayList<>();
        others.forEach(tensor -> specs.add(tensor.spec()));
        Map<String, LinearStorage> facts = new LinkedHashMap<>();
        layers.forEach((layer, weights) -> {
            facts.put(layer, weights.storage());
            weights.tensors().forEach((name, tensor) -> specs.add(tensor.spec(layer + "." + name)));
        });
        try (SafetensorsWriter writer =
                SafetensorsWriter.create(target, specs, Map.of(StorageIndex.KEY, StorageIndex.text(facts)))) {
            others.forEach(tensor -> writer.write(tensor.spec().name(), tensor.data()));
            layers.forEach((layer, weights) -> weights.tensors()
                    .forEach(
                            (name, tensor) -> writer.write(layer + "." + name, MemorySegment.ofArray(tensor.bytes()))));
            writer.commit();
        }
    }
}
