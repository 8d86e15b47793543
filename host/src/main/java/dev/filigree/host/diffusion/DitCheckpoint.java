package dev.filigree.host.diffusion;

import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.checkpoint.PackedTensors;
import dev.filigree.host.checkpoint.SafetensorsFile;
import dev.filigree.host.checkpoint.StorageIndex;
import dev.filigree.host.checkpoint.StoredTensor;
import dev.filigree.host.checkpoint.StoredType;
import dev.filigree.host.decoder.DecoderModel;
import java.nio.file.Path;
import java.util.List;

/**
 * An open diffusion transformer: its config and its mapped weights. Closing it ends the life of the weights.
 *
 * @param folder where it is
 * @param config its sizes
 * @param file its tensors
 * @param storage its linear layers at low bit width
 */
public record DitCheckpoint(Path folder, DitConfig config, SafetensorsFile file, StorageIndex storage)
        implements AutoCloseable {

    /**
     * Opens a folder with config.json and model.safetensors.
     *
     * @throws CheckpointException if one of them is missing or not usable
     */
    public static DitCheckpoint open(Path folder) {
        DitConfig config = DitConfigReader.read(folder);
        SafetensorsFile file = SafetensorsFile.open(folder.resolve("model.safetensors"));
        boolean opened = false;
        try {
            DitCheckpoint checkpoint = new DitCheckpoint(folder, config, file, StorageIndex.read(file));
            opened = true;
            return checkpoint;
        } finally {
            if (!opened) {
                file.close();
            }
        }
    }

    /** How a tensor is stored; bf16 if there is none, so that planning names what is missing by its shape. */
    public DType type(String tensor) {
        return file.tensor(tensor)
                .map(stored -> DecoderModel.dtype(stored.spec().type()))
                .orElse(DType.BF16);
    }

    /**
     * The tensor of a weight. A weight that a plan reads as one row may be stored with more axes.
     *
     * @throws CheckpointException if it is missing, or of another shape or type
     */
    public StoredTensor find(TensorDecl decl) {
        String name = decl.ref().name();
        List<Long> shape = PackedTensors.storedShape(
                decl.dtype(), decl.dims().stream().map(Dim::capacity).toList());
        StoredType type = PackedTensors.storedType(decl.dtype());
        StoredTensor tensor = file.tensor(name)
                .orElseThrow(() -> new CheckpointException(
                        folder + ": tensor " + name + " is missing; accepted: shape " + shape + " of " + type));
        boolean oneRow = shape.getFirst() == 1
                && tensor.spec().shape().stream().reduce(1L, Math::multiplyExact) == decl.rowElements();
        if (!(oneRow || tensor.spec().shape().equals(shape)) || tensor.spec().type() != type) {
            throw new CheckpointException(tensor.file() + ": tensor " + name + " is "
                    + tensor.spec().shape() + " of " + tensor.spec().type() + "; accepted: " + shape + " of " + type);
        }
        return tensor;
    }

    @Override
    public void close() {
        file.close();
    }
}
