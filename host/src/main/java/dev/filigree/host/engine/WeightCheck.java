package dev.filigree.host.engine;

import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.host.checkpoint.Checkpoint;
import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.checkpoint.StoredTensor;
import dev.filigree.host.decoder.DecoderModel;
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
        List<Long> shape = decl.dims().stream().map(Dim::capacity).toList();
        StoredTensor tensor = checkpoint
                .tensor(name)
                .orElseThrow(() -> new CheckpointException(checkpoint.folder() + ": tensor " + name
                        + " is missing; accepted: shape " + shape + " of " + decl.dtype()));
        if (!tensor.spec().shape().equals(shape)
                || DecoderModel.dtype(tensor.spec().type()) != decl.dtype()) {
            throw new CheckpointException(
                    tensor.file() + ": tensor " + name + " is " + tensor.spec().shape() + " of "
                            + tensor.spec().type() + "; accepted: " + shape + " of " + decl.dtype());
        }
        return tensor;
    }
}
