package dev.filigree.host.quantize;

import dev.filigree.api.linear.LinearStorage;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One quantized layer.
 *
 * @param storage how it is stored
 * @param tensors by the names of {@link dev.filigree.host.checkpoint.StorageIndex#TENSORS}
 */
public record QuantizedWeights(LinearStorage storage, Map<String, QuantizedTensor> tensors) {

    /** Copies the table. */
    public QuantizedWeights {
        tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    }

    /** Bytes of all tensors. */
    public long bytes() {
        return tensors.values().stream().mapToLong(t -> t.bytes().length).sum();
    }
}
