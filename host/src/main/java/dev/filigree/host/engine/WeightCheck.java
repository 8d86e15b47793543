package dev.filigree.host.engine;

import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.host.checkpoint.Checkpoint;
import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.checkpoint.PackedTensors;
import dev.filigree.host.checkpoint.StoredTensor;
import dev.filigree.host.checkpoint.StoredType;
import java.util.List;

/** Finds the checkpoint's tensor for a weight of a plan. */
final class WeightCheck {
    private WeightCheck() {}

    /**
     * The tensor of a weight.
     *
     * @throws CheckpointException if it is missing, or of another shape or type
     */
    static StoredTensor find(Checkpoint checkpoint, TensorDecl decl) {
        String name = decl.ref().name();
        List<Long> shape = PackedTensors.storedShape(
                decl.dtype(), decl.dims().stream().map(Dim::capacity).toList());
        StoredType type = PackedTensors.storedType(decl.dtype());
        StoredTensor tensor = checkpoint
                .tensor(name)
                .orElseThrow(() -> new CheckpointException(checkpoint.folder() + ": tensor " + name
                        + " is missing; accepted: shape " + shape + " of " + type));
        if (!tensor.spec().shape().equals(shape) || tensor.spec().type() != type) {
            throw new CheckpointException(tensor.file() + ": tensor " + name + " is "
                    + tensor.spec().shape() + " of " + tensor.spec().type() + "; accepted: " + shape + " of " + type);
        }
        return tensor;
    }
}
