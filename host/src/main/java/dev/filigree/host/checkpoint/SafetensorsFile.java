package dev.filigree.host.checkpoint;

import dev.filigree.host.checkpoint.SafetensorsHeader.Extent;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * One safetensors file, mapped into memory; nothing of its data is copied. Reading is thread-safe. Closing ends the life of
 * all tensors. The file must not be shortened by others meanwhile: reading past a new end is an error of the operating
 * system.
 */
public final class SafetensorsFile implements AutoCloseable {
    private final MappedFile mapped;
    private final Map<String, StoredTensor> tensors;
    private final Map<String, String> metadata;

    private SafetensorsFile(MappedFile mapped, Map<String, StoredTensor> tensors, Map<String, String> metadata) {
        this.mapped = mapped;
        this.tensors = Collections.unmodifiableMap(tensors);
        this.metadata = Collections.unmodifiableMap(metadata);
    }

    /**
     * Maps a file and checks its header against its size.
     *
     * @throws CheckpointException if the file is missing, truncated or malformed; nothing stays open
     */
    public static SafetensorsFile open(Path file) {
        MappedFile mapped = MappedFile.open(file);
        boolean opened = false;
        try {
            SafetensorsHeader header = SafetensorsHeader.read(file, mapped.data());
            SafetensorsFile result =
                    new SafetensorsFile(mapped, tensors(file, header, mapped.data()), header.metadata());
            opened = true;
            return result;
        } finally {
            if (!opened) {
                mapped.close();
            }
        }
    }

    private static Map<String, StoredTensor> tensors(Path file, SafetensorsHeader header, MemorySegment bytes) {
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        for (Extent extent : header.tensors().values()) {
            MemorySegment data = bytes.asSlice(header.dataStart() + extent.begin(), extent.end() - extent.begin());
            tensors.put(extent.spec().name(), new StoredTensor(extent.spec(), file, data));
        }
        return tensors;
    }

    /** All tensors by name, in header order; unmodifiable. */
    public Map<String, StoredTensor> tensors() {
        return tensors;
    }

    public Optional<StoredTensor> tensor(String name) {
        return Optional.ofNullable(tensors.get(name));
    }

    /** The texts under {@code __metadata__}; unmodifiable. */
    public Map<String, String> metadata() {
        return metadata;
    }

    @Override
    public void close() {
        mapped.close();
    }
}
