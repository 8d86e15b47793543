package dev.filigree.host.quantize;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.filigree.api.linear.LinearStorage;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.checkpoint.PackedTensors;
import dev.filigree.host.checkpoint.SafetensorsFile;
import dev.filigree.host.checkpoint.SafetensorsWriter;
import dev.filigree.host.checkpoint.StorageIndex;
import dev.filigree.host.checkpoint.StoredTensor;
import dev.filigree.host.checkpoint.TensorSpec;
import dev.filigree.host.json.JsonFile;
import dev.filigree.host.json.Quote;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Groups that an interrupted job has finished, one file each in a folder. A file counts only for the same recipe over the same
 * weights, biases and inputs, so what comes out does not depend on how often a job was interrupted.
 */
public final class FinishedGroups {
    private static final String KEY = "filigree.group";
    private static final String REPORT = "filigree.report";
    private static final JsonMapper MAPPER = new JsonMapper(JsonFile.factory());

    private final Path folder;

    /** The files of a folder, which need not exist. */
    public FinishedGroups(Path folder) {
        this.folder = folder;
    }

    /** A finished group. */
    record Finished(List<QuantizedWeights> weights, GroupReport report) {}

    private Path file(LinearGroup group) {
        return folder.resolve(group.name().replaceAll("[^A-Za-z0-9._-]", "_") + ".safetensors");
    }

    /** What decides the result of a group, in one text. */
    static String fingerprint(LinearModel model, LinearGroup group, QuantizeRecipe recipe) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update((recipe.scheme() + " " + recipe.smoothing() + " " + recipe.grids() + " "
                            + recipe.rankOf(group) + " " + recipe.iterations() + " " + recipe.gptq() + " "
                            + recipe.seed() + " " + group)
                    .getBytes(StandardCharsets.UTF_8));
            update(digest, model.inputs(group));
            for (LinearShape linear : group.linears()) {
                update(digest, model.weight(linear));
                update(digest, model.bias(linear));
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static void update(MessageDigest digest, float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length);
        bytes.asFloatBuffer().put(values);
        digest.update(bytes);
    }

    /** A group that was finished under that fingerprint. */
    Optional<Finished> find(LinearGroup group, String fingerprint) {
        if (!Files.exists(file(group))) {
            return Optional.empty();
        }
        try (SafetensorsFile file = SafetensorsFile.open(file(group))) {
            if (!fingerprint.equals(file.metadata().get(KEY))) {
                return Optional.empty();
            }
            StorageIndex index = StorageIndex.read(file);
            List<QuantizedWeights> weights = new ArrayList<>();
            for (LinearShape linear : group.linears()) {
                LinearStorage storage = index.find(linear.name())
                        .orElseThrow(() -> new CheckpointException(file(group) + " lacks " + linear.name()));
                weights.add(new QuantizedWeights(storage, tensors(file, linear.name() + ".")));
            }
            String report = file.metadata().getOrDefault(REPORT, "");
            return Optional.of(new Finished(weights, MAPPER.readValue(report, GroupReport.class)));
        } catch (CheckpointException | JsonProcessingException damaged) {
            return Optional.empty(); // it is made again
        }
    }

    private static Map<String, QuantizedTensor> tensors(SafetensorsFile file, String prefix) {
        Map<String, QuantizedTensor> tensors = new LinkedHashMap<>();
        Map<String, String> kinds = new TreeMap<>(file.metadata());
        file.tensors().forEach((name, stored) -> {
            if (name.startsWith(prefix)) {
                DType dtype = dtype(kinds.getOrDefault(name, "F32"));
                tensors.put(name.substring(prefix.length()), tensor(stored, dtype));
            }
        });
        return tensors;
    }

    private static DType dtype(String name) {
        return Arrays.stream(DType.values())
                .filter(dtype -> dtype.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new CheckpointException("no dtype is called " + Quote.name(name)));
    }

    private static QuantizedTensor tensor(StoredTensor stored, DType dtype) {
        List<Long> shape = new ArrayList<>(stored.spec().shape());
        if (dtype.isPacked() && !shape.isEmpty()) {
            shape.set(shape.size() - 1, 2 * shape.getLast());
        }
        return new QuantizedTensor(dtype, shape, stored.data().toArray(ValueLayout.JAVA_BYTE));
    }

    /** Keeps a finished group. */
    void keep(LinearGroup group, String fingerprint, List<QuantizedWeights> weights, GroupReport report) {
        Map<String, LinearStorage> facts = new LinkedHashMap<>();
        Map<String, QuantizedTensor> tensors = new LinkedHashMap<>();
        for (int i = 0; i < weights.size(); i++) {
            String layer = group.linears().get(i).name();
            facts.put(layer, weights.get(i).storage());
            weights.get(i).tensors().forEach((name, tensor) -> tensors.put(layer + "." + name, tensor));
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(KEY, fingerprint);
        metadata.put(StorageIndex.KEY, StorageIndex.text(facts));
        tensors.forEach((name, tensor) -> metadata.put(name, tensor.dtype().name()));
        List<TensorSpec> specs = new ArrayList<>();
        tensors.forEach((name, tensor) -> specs.add(new TensorSpec(
                name,
                PackedTensors.storedType(tensor.dtype()),
                PackedTensors.storedShape(tensor.dtype(), tensor.shape()))));
        try {
            metadata.put(REPORT, MAPPER.writeValueAsString(report));
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot keep group " + group.name() + " in " + folder, e);
        }
        try (SafetensorsWriter writer = SafetensorsWriter.create(file(group), specs, metadata)) {
            tensors.forEach((name, tensor) -> writer.write(name, MemorySegment.ofArray(tensor.bytes())));
            writer.commit();
        }
    }

    /** Removes the files and the folder, once the whole result is written. */
    public void clear() throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith(".safetensors")).toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}
