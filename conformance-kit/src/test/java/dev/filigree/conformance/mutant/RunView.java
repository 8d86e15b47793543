package dev.filigree.conformance.mutant;

import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.conformance.problem.TensorData;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/** The bytes that a run of a backend in host memory works on. */
record RunView(Plan plan, RunBindings bindings) {

    /** A bound tensor, in place. */
    TensorData get(TensorRef ref) {
        return TensorData.view(plan.tensors().get(ref), bindings, from(ref));
    }

    /** The bytes of a tensor's buffer from the tensor's first on, whatever lies behind it. */
    MemorySegment from(TensorRef ref) {
        return bindings.buffer(ref).hostSegment().orElseThrow().asSlice(bindings.offsetBytes(ref));
    }

    /** Runs with a tensor changed and changes it back afterwards. */
    void changed(TensorRef ref, Consumer<TensorData> change, Runnable run) {
        TensorData tensor = get(ref);
        TensorData before = tensor.copy();
        change.accept(tensor);
        try {
            run.run();
        } finally {
            tensor.bytes().copyFrom(before.bytes());
        }
    }
}
