package dev.filigree.host.checkpoint;

import dev.filigree.host.json.Quote;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A checkpoint folder: {@code config.json} and the tensors of {@code model.safetensors}, or of the shards that {@code
 * model.safetensors.index.json} lists. Each file is mapped once and nothing is copied. Reading is thread-safe; closing ends
 * the life of all tensors.
 */
public final class Checkpoint implements AutoCloseable {
    private static final String SINGLE_FILE_NAME = "model.safetensors";

    private final Path folder;
    private final DecoderConfig config;
    private final Map<String, StoredTensor> tensors;
    private final Map<String, String> metadata;
    private final Runnable release;

    private Checkpoint(
            Path folder,
            DecoderConfig config,
            Map<String, StoredTensor> tensors,
            Map<String, String> metadata,
            Runnable release) {
        this.folder = folder;
        this.config = config;
        this.tensors = Collections.unmodifiableMap(tensors);
        this.metadata = Collections.unmodifiableMap(metadata);
        this.release = release;
    }

    /** Whether a folder holds weights, in one file, packed, or in shards. */
    public static boolean hasWeights(Path folder) {
        return PackedFile.exists(folder.resolve(SINGLE_FILE_NAME))
                || Files.exists(folder.resolve(ShardIndex.FILE_NAME));
    }

    /**
     * Opens the checkpoint in {@code folder}.
     *
     * @throws CheckpointException if a file is missing, truncated, malformed or describes a decoder that is not supported;
     *     nothing stays open
     */
    public static Checkpoint open(Path folder) {
        DecoderConfig config = DecoderConfig.read(folder);
        List<SafetensorsFile> files = new ArrayList<>();
        boolean opened = false;
        try {
            Map<String, StoredTensor> tensors = openAll(folder, files);
            Map<String, String> metadata = new LinkedHashMap<>();
            files.forEach(file -> metadata.putAll(file.metadata()));
            opened = true;
            return new Checkpoint(folder, config, tensors, metadata, () -> files.forEach(SafetensorsFile::close));
        } finally {
            if (!opened) {
                files.forEach(SafetensorsFile::close);
            }
        }
    }

    /**
     * A checkpoint with the sizes of {@code config.json} in {@code folder} and weights that nobody trained, for measuring: equal
     * seeds give equal weights, and the folder needs no others.
     *
     * @throws CheckpointException if config.json is missing or describes a decoder that is not supported
     */
    public static Checkpoint random(Path folder, long seed) {
        DecoderConfig config = DecoderConfig.read(folder);
        RandomWeights weights = new RandomWeights(folder, config, seed);
        return new Checkpoint(folder, config, weights.tensors(), Map.of(), weights::close);
    }

    private static Map<String, StoredTensor> openAll(Path folder, List<SafetensorsFile> files) {
        Path single = folder.resolve(SINGLE_FILE_NAME);
        if (PackedFile.exists(single)) {
            SafetensorsFile file = SafetensorsFile.open(single);
            files.add(file);
            return file.tensors();
        }
        Path index = folder.resolve(ShardIndex.FILE_NAME);
        if (!Files.exists(index)) {
            throw new CheckpointException(folder + " holds no weights; accepted: " + SINGLE_FILE_NAME + " or "
                    + ShardIndex.FILE_NAME + " with its shards");
        }
        return openShards(folder, index, files);
    }

    private static Map<String, StoredTensor> openShards(Path folder, Path index, List<SafetensorsFile> files) {
        Map<String, SafetensorsFile> shards = new LinkedHashMap<>();
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        List<String> problems = new ArrayList<>();
        ShardIndex.read(index).forEach((name, fileName) -> {
            SafetensorsFile shard = shards.computeIfAbsent(fileName, missing -> {
                SafetensorsFile file = SafetensorsFile.open(folder.resolve(missing));
                files.add(file);
                return file;
            });
            shard.tensor(name)
                    .ifPresentOrElse(
                            tensor -> tensors.put(name, tensor),
                            () -> problems.add(folder.resolve(fileName) + ": tensor " + Quote.name(name)
                                    + " is missing; accepted: a file with the tensors that " + index + " puts there"));
        });
        if (!problems.isEmpty()) {
            throw new CheckpointException(folder.toString(), problems);
        }
        return tensors;
    }

    public Path folder() {
        return folder;
    }

    public DecoderConfig config() {
        return config;
    }

    /** All tensors by name; unmodifiable. */
    public Map<String, StoredTensor> tensors() {
        return tensors;
    }

    /** The texts under {@code __metadata__} of all files; of equal keys the last file's; unmodifiable. */
    public Map<String, String> metadata() {
        return metadata;
    }

    public Optional<StoredTensor> tensor(String name) {
        return Optional.ofNullable(tensors.get(name));
    }

    @Override
    public void close() {
        release.run();
    }
}
