package dev.filigree.api.linear;

import dev.filigree.api.tensor.DType;
import java.util.Optional;

/**
 * One linear layer {@code y = x W^T + b}.
 *
 * @param name of the layer in the checkpoint, such as {@code model.layers.0.self_attn.q_proj}
 * @param inFeatures columns of the weight
 * @param outFeatures rows of the weight
 * @param hasBias whether a bias is added
 * @param weightDtype how the checkpoint stores the weight
 * @param activationDtype dtype of x and y
 * @param maxTokens largest number of rows of x
 * @param storage how the checkpoint stores it at low bit width; absent: as a {@code weight} of weightDtype
 */
public record LinearProblem(
        String name,
        long inFeatures,
        long outFeatures,
        boolean hasBias,
        DType weightDtype,
        DType activationDtype,
        long maxTokens,
        Optional<LinearStorage> storage) {

    /** A layer that is stored as a weight. */
    public LinearProblem(
            String name,
            long inFeatures,
            long outFeatures,
            boolean hasBias,
            DType weightDtype,
            DType activationDtype,
            long maxTokens) {
        this(name, inFeatures, outFeatures, hasBias, weightDtype, activationDtype, maxTokens, Optional.empty());
    }
}
