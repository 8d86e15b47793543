package dev.filigree.api.linear;

import dev.filigree.api.tensor.DType;

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
 */
public record LinearProblem(
        String name,
        long inFeatures,
        long outFeatures,
        boolean hasBias,
        DType weightDtype,
        DType activationDtype,
        long maxTokens) {}
