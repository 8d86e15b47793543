package dev.filigree.conformance.rates;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Times a plan of any size. A round is several runs and one wait, so that the time to launch hides behind the work before it, as
 * it does in a model; the result is the median of the rounds.
 */
final class TimedPlan {
    private static final long ROUND_NANOS = 20_000_000;
    private static final int MOST_RUNS = 50;
    private static final long ROUNDS_NANOS = 300_000_000;
    private static final int MOST_ROUNDS = 7;
    private static final int FEWEST_ROUNDS = 3;

    private final Backend backend;

    TimedPlan(Backend backend) {
        this.backend = backend;
    }

    /**
     * A time, and what the plan left in one of its i32 tensors.
     *
     * @param seconds of one run
     * @param read empty unless a tensor was asked for
     */
    record Timed(double seconds, int[] read) {}

    /** The time of a run; see {@link #run}. */
    double seconds(Plan plan, Map<TensorRef, int[]> words) {
        return run(plan, words, null).seconds();
    }

    /**
     * Times a plan.
     *
     * @param plan without variable axes
     * @param words content of tensors of four-byte elements; all others get numbers of {@link Pattern}
     * @param read an i32 tensor to give back; null: none
     */
    Timed run(Plan plan, Map<TensorRef, int[]> words, @Nullable TensorRef read) {
        try (PreparedPlan prepared = backend.prepare(plan);
                BufferScope scope = backend.openScope();
                ExecutionStream stream = backend.openStream()) {
            RunBindings bindings = new RunBindings(plan);
            for (TensorDecl decl : plan.tensors().all()) {
                if (decl.role() != TensorRole.TEMP) {
                    DeviceBuffer buffer = scope.allocate(decl.capacityBytes());
                    int[] given = words.get(decl.ref());
                    if (given != null) {
                        write(stream, buffer, given);
                    } else if (decl.role() != TensorRole.OUTPUT) {
                        Pattern.fill(stream, buffer, decl.dtype());
                    }
                    bindings.bind(decl.ref(), buffer);
                }
            }
            double seconds = median(prepared, stream, bindings, scope.allocate(prepared.workspaceBytes()));
            return new Timed(seconds, read == null ? new int[0] : read(stream, bindings.buffer(read)));
        }
    }

    private static double median(
            PreparedPlan prepared, ExecutionStream stream, RunBindings bindings, DeviceBuffer workspace) {
        round(prepared, stream, bindings, workspace, 1); // warms up
        long once = round(prepared, stream, bindings, workspace, 1);
        int runs = (int) Math.clamp(ROUND_NANOS / Math.max(1, once), 1, MOST_RUNS);
        double[] nanos = new double[MOST_ROUNDS];
        int rounds = 0;
        double total = 0;
        while (rounds < MOST_ROUNDS && (rounds < FEWEST_ROUNDS || total < ROUNDS_NANOS)) {
            long round = round(prepared, stream, bindings, workspace, runs);
            nanos[rounds++] = (double) round / runs;
            total += round;
        }
        Arrays.sort(nanos, 0, rounds);
        return nanos[rounds / 2] / 1e9;
    }

    private static long round(
            PreparedPlan prepared, ExecutionStream stream, RunBindings bindings, DeviceBuffer workspace, int runs) {
        long start = System.nanoTime();
        for (int i = 0; i < runs; i++) {
            prepared.run(stream, bindings, workspace);
        }
        stream.synchronize();
        return System.nanoTime() - start;
    }

    private static void write(ExecutionStream stream, DeviceBuffer buffer, int[] values) {
        try (Arena arena = Arena.ofConfined()) {
            stream.write(arena.allocateFrom(ValueLayout.JAVA_INT, values), buffer, 0);
            stream.synchronize();
        }
    }

    private static int[] read(ExecutionStream stream, DeviceBuffer buffer) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment segment = arena.allocate(buffer.sizeBytes(), 16);
            stream.read(buffer, 0, segment);
            return segment.toArray(ValueLayout.JAVA_INT);
        }
    }
}
