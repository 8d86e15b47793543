package dev.filigree.host.keys;

import dev.filigree.host.checkpoint.Checkpoint;
import dev.filigree.host.checkpoint.SafetensorsWriter;
import dev.filigree.host.checkpoint.SideFiles;
import dev.filigree.host.checkpoint.StoredTensor;
import dev.filigree.host.checkpoint.TensorSpec;
import dev.filigree.host.decoder.DecoderModel;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;

/** Writes a checkpoint whose queries and keys have their factors for good: it runs anywhere, and nothing is copied to open it. */
public final class FoldedCheckpoint {
    private FoldedCheckpoint() {}

    /**
     * Writes a folder of its own.
     *
     * @param folder created if it is not there; {@code model.safetensors} in it is replaced at once
     * @throws IllegalArgumentException if it is the folder of the source
     */
    public static void write(Checkpoint source, KeyFold keys, Path folder) {
        if (folder.toAbsolutePath()
                .normalize()
                .equals(source.folder().toAbsolutePath().normalize())) {
            throw new IllegalArgumentException("the folder must be another than that of the checkpoint, not " + folder);
        }
        SideFiles.copy(source.folder(), folder);
        List<TensorSpec> specs =
                source.tensors().values().stream().map(StoredTensor::spec).toList();
        try (SafetensorsWriter writer =
                SafetensorsWriter.create(folder.resolve("model.safetensors"), specs, source.metadata())) {
            source.tensors().forEach((name, tensor) -> {
                try (Arena arena = Arena.ofConfined()) {
                    writer.write(
                            name,
                            keys.apply(name, DecoderModel.dtype(tensor.spec().type()), tensor.data(), arena));
                }
            });
            writer.commit();
        }
    }
}
