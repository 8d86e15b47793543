package dev.filigree.host.quantize.nunchaku;

import dev.filigree.api.tensor.DType;
import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.quantize.QuantizedTensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Names of a layer's tensors, of older and newer files. */
final class Names {
    private static final Map<String, String> NEWER = Map.of(
            "smooth_factor", "smooth",
            "smooth_factor_orig", "smooth_orig",
            "proj_down", "lora_down",
            "proj_up", "lora_up");

    private static final Set<DType> NUMBERS = Set.of(DType.F32, DType.F16, DType.BF16);

    private Names() {}

    /** Tensors under the names of older files. */
    static Map<String, QuantizedTensor> current(Map<String, QuantizedTensor> given) {
        Map<String, QuantizedTensor> named = new LinkedHashMap<>();
        given.forEach((name, tensor) -> named.put(NEWER.getOrDefault(name, name), tensor));
        return named;
    }

    /** A tensor that must be there. */
    static QuantizedTensor find(Map<String, QuantizedTensor> tensors, String name) {
        QuantizedTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new CheckpointException("tensor " + name
                    + " is missing; accepted: the tensors of a quantized layer, not " + tensors.keySet());
        }
        return tensor;
    }

    /** A tensor that must be there in one shape. */
    static QuantizedTensor find(Map<String, QuantizedTensor> tensors, String name, long... shape) {
        QuantizedTensor tensor = find(tensors, name);
        List<Long> accepted = Arrays.stream(shape).boxed().toList();
        if (!tensor.shape().equals(accepted)) {
            throw new CheckpointException(
                    "tensor " + name + " has shape " + tensor.shape() + "; accepted: " + accepted);
        }
        return tensor;
    }

    /** A tensor of codes that must be there, in one shape and with elements of one type. */
    static QuantizedTensor codes(Map<String, QuantizedTensor> tensors, String name, DType type, long... shape) {
        return require(find(tensors, name, shape), name, Set.of(type));
    }

    /** A tensor of numbers that must be there in one shape. */
    static QuantizedTensor numbers(Map<String, QuantizedTensor> tensors, String name, long... shape) {
        return require(find(tensors, name, shape), name, NUMBERS);
    }

    private static QuantizedTensor require(QuantizedTensor tensor, String name, Set<DType> accepted) {
        if (!accepted.contains(tensor.dtype())) {
            throw new CheckpointException("tensor " + name + " has type " + tensor.dtype() + "; accepted: "
                    + accepted.stream().sorted().toList());
        }
        return tensor;
    }
}
