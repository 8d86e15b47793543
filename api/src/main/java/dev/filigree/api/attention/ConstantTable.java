package dev.filigree.api.attention;

import dev.filigree.api.plan.TensorDecl;
import java.util.List;

/**
 * A small table that a policy brings along, such as thresholds per head; the host uploads it once.
 *
 * @param decl an f32 tensor of role WEIGHT
 * @param values row-major
 */
public record ConstantTable(TensorDecl decl, List<Float> values) {

    /** Copies the values and checks their number. */
    public ConstantTable {
        values = List.copyOf(values);
        long expected = decl.capacityBytes() / Float.BYTES;
        if (values.size() != expected) {
            throw new IllegalArgumentException(
                    "table " + decl + " must have " + expected + " values, not " + values.size());
        }
    }
}
