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
    private static final int MOST_RUNS = 30;
    private static final int FEWEST_RUNS = 3;

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
     * The median time of a run, waits included.
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
        long[] nanos = new long[MOST_RUNS];
        int runs = 0;
        long total = 0;
        for (int i = -1; i < MOST_RUNS && (i < FEWEST_RUNS || total < RUN_AT_LEAST_NANOS); i++) {
            long start = System.nanoTime();
            prepared.run(stream, bindings, workspace);
            stream.synchronize();
            if (i >= 0) { // the first run warms up
                nanos[i] = System.nanoTime() - start;
                total += nanos[i];
                runs++;
            }
        }
        Arrays.sort(nanos, 0, runs);
        return nanos[runs / 2] / 1e9;
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
