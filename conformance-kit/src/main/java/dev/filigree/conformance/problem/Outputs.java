package dev.filigree.conformance.problem;

import dev.filigree.api.plan.TensorRef;
import java.util.Map;

/**
 * What a run left in the tensors that it may write.
 *
 * @param data by name
 */
public record Outputs(Map<TensorRef, TensorData> data) {

    /** Copies the table. */
    public Outputs {
        data = Map.copyOf(data);
    }

    /** The bytes of one tensor. */
    public TensorData get(TensorRef ref) {
        TensorData found = data.get(ref);
        if (found == null) {
            throw new IllegalArgumentException("the run has no output " + ref + ", only " + data.keySet());
        }
        return found;
    }

    /** The bytes of one tensor. */
    public TensorData get(String name) {
        return get(TensorRef.of(name));
    }

    /** The values of a float tensor in row-major order. */
    public float[] values(String name) {
        return get(name).values();
    }

    /** The values of an i32 tensor in row-major order. */
    public int[] ints(String name) {
        return get(name).ints();
    }
}
