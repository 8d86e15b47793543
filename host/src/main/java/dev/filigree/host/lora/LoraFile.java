package dev.filigree.host.lora;

import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.checkpoint.SafetensorsFile;
import dev.filigree.host.checkpoint.StoredTensor;
import dev.filigree.host.json.Quote;
import dev.filigree.host.quantize.LinearShape;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;

/**
 * An open adapter file, matched with the layers of a model. Every tensor of the file has a place in a layer, or the file is
 * refused with all that has none: nothing is dropped. Closing it ends the life of the tensors.
 */
public final class LoraFile implements AutoCloseable {
    private static final List<String> NAMES = List.of("adapter_model.safetensors", "pytorch_lora_weights.safetensors");
    private static final int MAX_REPORTED = 8;

    private final SafetensorsFile file;
    private final Map<String, LoraLayer> layers;

    private LoraFile(SafetensorsFile file, Map<String, LoraLayer> layers) {
        this.file = file;
        this.layers = Collections.unmodifiableMap(layers);
    }

    /**
     * Opens an adapter.
     *
     * @param path a safetensors file, or a folder with one under the name that PEFT or diffusers gives it
     * @param model the layers that adapters may be attached to, by name
     * @throws CheckpointException with everything in the file that does not fit the model; nothing stays open
     */
    public static LoraFile open(Path path, Map<String, LinearShape> model) {
        Path source = file(path);
        SafetensorsFile file = SafetensorsFile.open(source);
        boolean opened = false;
        try {
            LoraFile result = new LoraFile(file, new Reading(source, file, model).layers());
            opened = true;
            return result;
        } finally {
            if (!opened) {
                file.close();
            }
        }
    }

    private static Path file(Path path) {
        if (!Files.isDirectory(path)) {
            return path;
        }
        return NAMES.stream()
                .map(path::resolve)
                .filter(Files::exists)
                .findFirst()
                .orElseThrow(() ->
                        new CheckpointException(path + " holds no adapter; accepted: " + String.join(" or ", NAMES)));
    }

    /** Factors by the model's name of the layer; unmodifiable. */
    public Map<String, LoraLayer> layers() {
        return layers;
    }

    @Override
    public void close() {
        file.close();
    }

    /** One file being matched. */
    private static final class Reading {
        private final Path path;
        private final SafetensorsFile file;
        private final Map<String, LinearShape> model;
        private final LoraScales scales;
        private final List<String> problems = new ArrayList<>();
        private final Map<String, String> theirNames = new TreeMap<>();

        Reading(Path path, SafetensorsFile file, Map<String, LinearShape> model) {
            this.path = path;
            this.file = file;
            this.model = model;
            this.scales = LoraScales.of(path, file.metadata());
        }

        Map<String, LoraLayer> layers() {
            Map<String, Map<LoraKey.Part, StoredTensor>> parts = new TreeMap<>();
            file.tensors().forEach((name, tensor) -> sort(name, tensor, parts));
            Map<String, LoraLayer> layers = new TreeMap<>();
            parts.forEach((layer, found) -> layer(layer, found).ifPresent(l -> layers.put(layer, l)));
            if (problems.isEmpty() && layers.isEmpty()) {
                problems.add(path + " holds no tensors; accepted: the factors of at least one layer");
            }
            if (problems.size() > MAX_REPORTED) {
                int more = problems.size() - MAX_REPORTED;
                problems.subList(MAX_REPORTED, problems.size()).clear();
                problems.add("and " + more + " more");
            }
            if (!problems.isEmpty()) {
                throw new CheckpointException(path.toString(), problems);
            }
            return layers;
        }

        private void sort(String name, StoredTensor tensor, Map<String, Map<LoraKey.Part, StoredTensor>> parts) {
            Optional<LoraKey> key = LoraKey.of(name);
            if (key.isEmpty()) {
                problem(
                        name,
                        "has no meaning in an adapter; accepted: lora_A and lora_B, or lora.down and lora.up, of a"
                                + " layer, and its alpha");
                return;
            }
            Optional<String> layer = key.get().find(model.keySet());
            if (layer.isEmpty()) {
                problem(
                        name,
                        "belongs to no linear layer of the model; accepted: layers such as "
                                + model.keySet().stream().findFirst().orElse("none"));
                return;
            }
            theirNames.put(layer.get(), key.get().layer());
            StoredTensor twin = parts.computeIfAbsent(layer.get(), l -> new EnumMap<>(LoraKey.Part.class))
                    .putIfAbsent(key.get().part(), tensor);
            if (twin != null) {
                problem(name, "is given twice, also as " + twin.spec().name());
            }
        }

        private Optional<LoraLayer> layer(String layer, Map<LoraKey.Part, StoredTensor> parts) {
            StoredTensor down = parts.get(LoraKey.Part.DOWN);
            StoredTensor up = parts.get(LoraKey.Part.UP);
            if (down == null || up == null) {
                problems.add(path + ": layer " + layer + " has " + parts.keySet() + "; accepted: both factors");
                return Optional.empty();
            }
            LinearShape shape = model.getOrDefault(layer, new LinearShape(layer, 0, 0));
            long rank = down.spec().shape().isEmpty() ? 0 : down.spec().shape().getFirst();
            boolean fits = rank > 0
                    & is(down, List.of(rank, (long) shape.inFeatures()))
                    & is(up, List.of((long) shape.outFeatures(), rank));
            return fits
                    ? Optional.of(new LoraLayer(
                            down, up, scales.of(theirNames.getOrDefault(layer, layer), rank, alpha(parts))))
                    : Optional.empty();
        }

        private boolean is(StoredTensor tensor, List<Long> shape) {
            boolean floats = switch (tensor.spec().type()) {
                case F32, F16, BF16 -> true;
                default -> false;
            };
            if (!floats || !tensor.spec().shape().equals(shape)) {
                problem(
                        tensor.spec().name(),
                        "is " + tensor.spec().shape() + " of " + tensor.spec().type() + "; accepted: " + shape
                                + " of F32, F16 or BF16");
                return false;
            }
            return true;
        }

        private OptionalDouble alpha(Map<LoraKey.Part, StoredTensor> parts) {
            StoredTensor alpha = parts.get(LoraKey.Part.ALPHA);
            if (alpha == null) {
                return OptionalDouble.empty();
            }
            if (alpha.spec().numElements() != 1) {
                problem(alpha.spec().name(), "has " + alpha.spec().numElements() + " elements; accepted: 1");
                return OptionalDouble.empty();
            }
            return OptionalDouble.of(alpha.floatAt(0));
        }

        private void problem(String tensor, String sentence) {
            problems.add(path + ": tensor " + Quote.name(tensor) + " " + sentence);
        }
    }
}
