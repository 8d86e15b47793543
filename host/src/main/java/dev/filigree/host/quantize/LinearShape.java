package dev.filigree.host.quantize;

/**
 * A linear layer of a model.
 *
 * @param name in the checkpoint, without {@code .weight}
 * @param outFeatures rows of its weight
 * @param inFeatures columns of its weight
 */
public record LinearShape(String name, int outFeatures, int inFeatures) {}
