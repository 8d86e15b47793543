package dev.filigree.policies.adapters;

import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.api.tensor.DType;

/**
 * The two factors of an adapter in one layer: {@code down [rank, inFeatures]} and {@code up [outFeatures, rank]}.
 *
 * @param adapter its name, part of the names of tensors
 * @param rank inner size
 * @param dtype f32, f16 or bf16, of both factors
 */
public record AdapterFactors(String adapter, long rank, DType dtype) {

    /** Checks the numbers. */
    public AdapterFactors {
        if (rank < 1) {
            throw new PolicyRefusal(
                    "adapters", "the rank of adapter " + adapter + " must be 1 or more, not " + rank, "adapters");
        }
        if (dtype != DType.F32 && dtype != DType.F16 && dtype != DType.BF16) {
            throw new PolicyRefusal(
                    "adapters",
                    "factors of adapter " + adapter + " must be f32, f16 or bf16, not " + dtype.id(),
                    "adapters");
        }
    }

    /** The name of the first factor among the tensors of its layer. */
    public String down() {
        return "lora." + adapter + ".down";
    }

    /** The name of the second factor among the tensors of its layer. */
    public String up() {
        return "lora." + adapter + ".up";
    }
}
