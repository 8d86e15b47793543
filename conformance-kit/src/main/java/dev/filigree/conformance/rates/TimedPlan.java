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
import java.util.Random;

/**
 * Times a plan of any size. Integers are given; everything else is a pattern of one MiB of random small numbers written over and
 * over, since tens of GiB of fresh ones would take longer than what is timed.
 */
final class TimedPlan {
    private static final int PATTERN_BYTES = 1 << 20;
    private static final long RUN_AT_LEAST_NANOS = 300_000_000;
    private static final long ROUND_AT_LEAST_NANOS = 2_000_000;
    private static final int MOST_RUNS_A_ROUND = 64;
    private static final int MOST_ROUNDS = 30;
    private static final int FEWEST_ROUNDS = 3;

    private final Backend backend;
    private final byte[] halves = pattern(1);

    TimedPlan(Backend backend) {
        this.backend = backend;
    }

    /** Any two bytes with a small exponent are small numbers as f16, as bf16 and, four of them, as f32. */
    private static byte[] pattern(long seed) {
        byte[] bytes = new byte[PATTERN_BYTES];
        new Random(seed).nextBytes(bytes);
        for (int i = 1; i < bytes.length; i += 2) {
            bytes[i] = (byte) (bytes[i] & 0x83 | 0x38); // 0.5 to 2 as f16, tiny as bf16 and f32
        }
        return bytes;
    }

    /**
     * The median time of a run in a row of runs that are queued together where one is short; the row's wait is included.
     *
     * @param plan without variable axes
     * @param integers content of the i32 tensors
     * @return seconds
     */
    double seconds(Plan plan, Map<TensorRef, int[]> integers) {
        try (PreparedPlan prepared = backend.prepare(plan);
                BufferScope scope = backend.openScope();
                ExecutionStream stream = backend.openStream()) {
            RunBindings bindings = new RunBindings(plan);
            for (TensorDecl decl : plan.tensors().all()) {
                if (decl.role() != TensorRole.TEMP) {
                    DeviceBuffer buffer = scope.allocate(decl.capacityBytes());
                    int[] ints = integers.get(decl.ref());
                    if (ints != null) {
                        write(stream, buffer, ints);
                    } else if (decl.role() != TensorRole.OUTPUT) {
                        fill(stream, buffer);
                    }
                    bindings.bind(decl.ref(), buffer);
                }
            }
            return median(prepared, stream, bindings, scope.allocate(prepared.workspaceBytes()));
        }
    }

    private static double median(
            PreparedPlan prepared, ExecutionStream stream, RunBindings bindings, DeviceBuffer workspace) {
        time(prepared, stream, bindings, workspace, 1); // warms up
        long once = time(prepared, stream, bindings, workspace, 1);
        int inner = (int) Math.clamp(ROUND_AT_LEAST_NANOS / Math.max(1, once), 1, MOST_RUNS_A_ROUND);
        long[] nanos = new long[MOST_ROUNDS];
        int rounds = 0;
        for (long total = 0; rounds < FEWEST_ROUNDS || rounds < MOST_ROUNDS && total < RUN_AT_LEAST_NANOS; rounds++) {
            nanos[rounds] = time(prepared, stream, bindings, workspace, inner);
            total += nanos[rounds];
        }
        Arrays.sort(nanos, 0, rounds);
        return nanos[rounds / 2] / 1e9 / inner;
    }

    private static long time(
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
            MemorySegment segment = arena.allocateFrom(ValueLayout.JAVA_INT, values);
            stream.write(segment, buffer, 0);
            stream.synchronize();
        }
    }

    private void fill(ExecutionStream stream, DeviceBuffer buffer) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment segment = arena.allocate(PATTERN_BYTES, 16).copyFrom(MemorySegment.ofArray(halves));
            for (long at = 0; at < buffer.sizeBytes(); at += PATTERN_BYTES) {
                stream.write(segment.asSlice(0, Math.min(PATTERN_BYTES, buffer.sizeBytes() - at)), buffer, at);
            }
            stream.synchronize();
        }
    }
}
