package dev.filigree.conformance.bundle;

import dev.filigree.api.plan.TensorRef;
import dev.filigree.conformance.problem.Outputs;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.TensorData;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.TreeMap;

/**
 * One run of a plan, as bytes.
 *
 * @param plan the plan as text, with the extents of the run
 * @param inputs bytes of every bound tensor before the run, by name
 * @param outputs bytes of every tensor that the run may write, by name
 */
public record RecordedRun(String plan, Map<String, byte[]> inputs, Map<String, byte[]> outputs) {

    /** Copies the tables in the order of names. */
    public RecordedRun {
        inputs = new TreeMap<>(inputs);
        outputs = new TreeMap<>(outputs);
    }

    /** What a subject ran. */
    public static RecordedRun of(Problem problem, Outputs outputs) {
        return new RecordedRun(
                problem.plan() + "\n" + new TreeMap<>(problem.axes()), bytes(problem.data()), bytes(outputs.data()));
    }

    private static Map<String, byte[]> bytes(Map<TensorRef, TensorData> tensors) {
        Map<String, byte[]> bytes = new TreeMap<>();
        tensors.forEach((ref, data) -> bytes.put(ref.name(), data.bytes().toArray(ValueLayout.JAVA_BYTE)));
        return bytes;
    }
}
