package dev.filigree.policies.lowbit;

import dev.filigree.api.linear.LinearPlan;
import dev.filigree.api.linear.LinearProblem;
import dev.filigree.api.linear.LinearStorage;
import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.api.tensor.DType;
import dev.filigree.policies.plain.PlainLinear;
import java.util.Optional;
import java.util.Set;

/**
 * Computes stored low-bit weights with activations of one kind. Layers that the checkpoint stores as plain weights are
 * computed as such: what is skipped is decided when a model is quantized.
 *
 * @param name in configs
 * @param stored accepted codes of weights
 * @param activations what x becomes
 */
public record LowBitLinearPolicy(String name, Set<DType> stored, Activations activations) implements QuantizedLinear {

    /** What x becomes before the product. */
    public enum Activations {
        /** The format of the weight, unsigned where x was shifted to be. */
        AS_WEIGHT,
        /** 8 bits, one scale per token. */
        INT8,
        /** It stays as it is. */
        FLOAT
    }

    @Override
    public LinearPlan plan(LinearProblem problem) {
        if (problem.storage().isEmpty()) {
            return new PlainLinear().plan(problem);
        }
        LinearStorage storage = problem.storage().get();
        DType codes = storage.weight().codes();
        if (!stored.contains(codes)) {
            throw new PolicyRefusal(
                    name,
                    "weight of " + problem.name() + " must be stored as one of " + stored + ", not " + codes,
                    "linear.policy");
        }
        if (activations == Activations.FLOAT && (storage.smooth().isPresent() || storage.shift() != 0)) {
            throw new PolicyRefusal(
                    name,
                    problem.name() + " is smoothed for quantized activations; 16-bit activations need a layer quantized"
                            + " with --smooth none",
                    "linear.policy");
        }
        Optional<QuantFormat> activation = activation(storage);
        return new LowBitPlanner(problem).plan(scheme(storage, activation), activation);
    }

    private Optional<QuantFormat> activation(LinearStorage storage) {
        return switch (activations) {
            case FLOAT -> Optional.empty();
            case INT8 -> Optional.of(QuantFormat.INT8_ROW);
            case AS_WEIGHT ->
                Optional.of(
                        storage.shift() != 0 && storage.weight().codes() == DType.I4
                                ? new QuantFormat(
                                        DType.U4,
                                        storage.weight().groupSize(),
                                        storage.weight().scaleDtype())
                                : storage.weight());
        };
    }

    private String scheme(LinearStorage storage, Optional<QuantFormat> activation) {
        return storage.weight() + ", activations "
                + activation.map(QuantFormat::toString).orElse("16 bit")
                + (storage.rank() > 0 ? ", rank " + storage.rank() : "");
    }
}
