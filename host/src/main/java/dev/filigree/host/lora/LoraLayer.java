package dev.filigree.host.lora;

import dev.filigree.host.checkpoint.StoredTensor;

/**
 * An adapter's part in one layer: {@code y += strength * scale * (x down^T) up^T}.
 *
 * @param down {@code [rank, inFeatures]}
 * @param up {@code [outFeatures, rank]}
 * @param scale what the file asks for: alpha over the rank, or over its root
 */
public record LoraLayer(StoredTensor down, StoredTensor up, float scale) {

    /** The inner size. */
    public long rank() {
        return down.spec().shape().getFirst();
    }
}
