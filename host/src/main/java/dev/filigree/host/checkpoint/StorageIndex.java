package dev.filigree.host.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.filigree.api.linear.LinearStorage;
import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.json.JsonFile;
import dev.filigree.host.json.Quote;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Which linear layers of a file are stored at low bit width, and how. The facts stand as JSON under one key of the file's
 * metadata, one object per layer; the tensors of a layer have its name and a dot before theirs.
 */
public final class StorageIndex {
    /** The key of the metadata. */
    public static final String KEY = "filigree.linears";

    /** Names that tensors of a layer may have. */
    public static final List<String> TENSORS =
            List.of("qweight", "wscales", "wzeros", "channel_scales", "bias", "smooth", "low_rank_down", "low_rank_up");

    /** No layer is stored at low bit width. */
    public static final StorageIndex NONE = new StorageIndex(Map.of());

    private static final JsonMapper MAPPER = new JsonMapper(JsonFile.factory());

    private final Map<String, LinearStorage> layers;

    private StorageIndex(Map<String, LinearStorage> layers) {
        this.layers = Collections.unmodifiableMap(layers);
    }

    /** What the metadata of a checkpoint says. */
    public static StorageIndex of(Checkpoint checkpoint) {
        return of(checkpoint.metadata(), checkpoint.folder().toString());
    }

    /** What the metadata of a file says. */
    public static StorageIndex read(SafetensorsFile file) {
        return of(file.metadata(), "metadata");
    }

    private static StorageIndex of(Map<String, String> metadata, String where) {
        Map<String, LinearStorage> layers = new TreeMap<>();
        String text = metadata.get(KEY);
        if (text != null) {
            try {
                for (Map.Entry<String, JsonNode> layer : MAPPER.readTree(text).properties()) {
                    layers.put(layer.getKey(), storage(layer.getValue()));
                }
            } catch (JsonProcessingException e) {
                throw unusable(where, JsonFile.oneLine(e));
            } catch (IllegalArgumentException e) {
                throw unusable(where, Quote.sentence(String.valueOf(e.getMessage())));
            }
        }
        return new StorageIndex(layers);
    }

    private static CheckpointException unusable(String where, String why) {
        return new CheckpointException(
                where + ": " + KEY + " is not usable (" + why + "); accepted: what filigree quantize writes");
    }

    private static LinearStorage storage(JsonNode node) {
        QuantFormat weight = new QuantFormat(
                dtype(node, "codes").orElseThrow(() -> new IllegalArgumentException("codes are missing")),
                node.path("groupSize").asInt(0),
                dtype(node, "scales").orElse(DType.F16));
        return new LinearStorage(
                weight,
                dtype(node, "zeros"),
                dtype(node, "channelScales"),
                dtype(node, "bias"),
                dtype(node, "smooth"),
                (float) node.path("shift").asDouble(0),
                node.path("rank").asLong(0),
                dtype(node, "lowRank").orElse(DType.BF16));
    }

    private static Optional<DType> dtype(JsonNode node, String key) {
        if (!node.has(key)) {
            return Optional.empty();
        }
        String id = node.path(key).asText();
        return Optional.of(Arrays.stream(DType.values())
                .filter(dtype -> dtype.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(key + " is " + id)));
    }

    /** The text for the metadata of a file that holds these layers. */
    public static String text(Map<String, LinearStorage> layers) {
        ObjectNode all = MAPPER.createObjectNode();
        new TreeMap<>(layers).forEach((name, storage) -> {
            ObjectNode layer = all.putObject(name);
            layer.put("codes", storage.weight().codes().id());
            layer.put("groupSize", storage.weight().groupSize());
            layer.put("scales", storage.weight().scaleDtype().id());
            storage.zeros().ifPresent(dtype -> layer.put("zeros", dtype.id()));
            storage.channelScales().ifPresent(dtype -> layer.put("channelScales", dtype.id()));
            storage.bias().ifPresent(dtype -> layer.put("bias", dtype.id()));
            storage.smooth().ifPresent(dtype -> layer.put("smooth", dtype.id()));
            layer.put("shift", storage.shift());
            layer.put("rank", storage.rank());
            layer.put("lowRank", storage.lowRank().id());
        });
        return all.toString();
    }

    /** How a layer is stored; empty if as a plain weight, or not at all. */
    public Optional<LinearStorage> find(String layer) {
        return Optional.ofNullable(layers.get(layer));
    }

    /** All layers by name; unmodifiable. */
    public Map<String, LinearStorage> layers() {
        return layers;
    }

    /** Whether a plain {@code weight} or {@code bias} of this name is stored at low bit width instead. */
    boolean replaces(String tensor) {
        int dot = tensor.lastIndexOf('.');
        return dot >= 0 && layers.containsKey(tensor.substring(0, dot));
    }

    /** Names of all tensors that layers at low bit width may have. */
    Set<String> tensorNames() {
        Set<String> names = new HashSet<>();
        layers.keySet().forEach(layer -> TENSORS.forEach(tensor -> names.add(layer + "." + tensor)));
        return names;
    }
}
