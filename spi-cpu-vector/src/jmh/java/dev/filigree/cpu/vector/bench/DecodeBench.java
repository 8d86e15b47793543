package dev.filigree.cpu.vector.bench;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.op.KvPages;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DType;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.cpu.vector.VectorBackend;
import dev.filigree.cpu.vector.convert.Narrow;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import dev.filigree.cpu.vector.parallel.WorkerPool;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import jdk.incubator.vector.FloatVector;

/**
 * One decode step over a long cache, and the rate at which it reads pages beside the rate at which the same threads read
 * plain memory in the same run, one after another in turn: the best and the median of each. Arguments:
 * {@code [kvLength [queries [threads [precision [shape]]]]]}. With one thread, time is what the thread got of its core, so that a
 * busy machine shows too.
 */
public final class DecodeBench {
    private static final int ROUNDS = 80;
    /** Rounds in which the JIT is still at work. */
    private static final int WARM = 20;

    private static final long PLAIN_BYTES = 1L << 28;

    private DecodeBench() {}

    /** Runs every precision at two shapes. */
    public static void main(String[] args) {
        int kvLength = args.length > 0 ? Integer.parseInt(args[0]) : 65_536;
        int queries = args.length > 1 ? Integer.parseInt(args[1]) : 1;
        System.out.println(Lanes.describe() + ", " + kvLength + " tokens cached, " + queries + " queries");
        int threads = args.length > 2
                ? Integer.parseInt(args[2])
                : Runtime.getRuntime().availableProcessors();
        int[][] shapes = {{8, 4, 64}, {32, 8, 128}, {8, 8, 64}};
        for (int[] shape : args.length > 4 ? List.of(shapes[Integer.parseInt(args[4])]) : List.of(shapes)) {
            for (KvPrecision precision : KvPrecision.values()) {
                if (args.length < 4 || args[3].equals(precision.id())) {
                    run(threads, shape, precision, kvLength, queries);
                }
            }
        }
    }

    private static void run(int threads, int[] shape, KvPrecision precision, int kvLength, int queries) {
        KvPageLayout layout = new KvPageLayout(shape[1], 64, shape[2], shape[2], precision, precision, 0);
        int numPages = Math.ceilDiv(kvLength, 64);
        PlanBuilder plan = new PlanBuilder("decode");
        long dim = shape[2];
        plan.declare("q", TensorRole.INPUT, DType.F32, fixed(queries), fixed(shape[0]), fixed(dim));
        plan.declare("pages", TensorRole.STATE, DType.U8, fixed(numPages), fixed(layout.pageBytes()));
        plan.declare("table", TensorRole.INPUT, DType.I32, fixed(1), fixed(numPages));
        plan.declare("offsets", TensorRole.INPUT, DType.I32, fixed(2));
        plan.declare("lengths", TensorRole.INPUT, DType.I32, fixed(1));
        plan.declare("out", TensorRole.OUTPUT, DType.F32, fixed(queries), fixed(shape[0]), fixed(dim));
        plan.declare("lse", TensorRole.OUTPUT, DType.F32, fixed(queries), fixed(shape[0]));
        plan.add(new PagedAttention(
                HeadMap.all(shape[0], shape[1]),
                HeadPattern.DENSE,
                0.125f,
                new KvPages(layout, KvAddressing.LINEAR, TensorRef.of("pages"), TensorRef.of("table")),
                TensorRef.of("q"),
                TensorRef.of("offsets"),
                TensorRef.of("lengths"),
                Optional.empty(),
                TensorRef.of("out"),
                TensorRef.of("lse")));
        try (VectorBackend backend = new VectorBackend(threads, Long.MAX_VALUE);
                BufferScope scope = backend.openScope();
                ExecutionStream stream = backend.openStream();
                PreparedPlan prepared = backend.prepare(plan.build());
                WorkerPool readers = new WorkerPool(threads);
                Arena arena = Arena.ofShared()) {
            RunBindings bindings = new RunBindings(prepared.plan());
            prepared.plan().tensors().all().forEach(d -> bindings.bind(d.ref(), scope.allocate(d.capacityBytes())));
            fill(bindings.buffer(TensorRef.of("q")));
            fillPages(bindings.buffer(TensorRef.of("pages")), precision);
            MemorySegment table = segment(bindings, "table");
            for (int i = 0; i < numPages; i++) {
                table.setAtIndex(JAVA_INT, i, numPages - 1 - i);
            }
            segment(bindings, "offsets").setAtIndex(JAVA_INT, 1, queries);
            segment(bindings, "lengths").setAtIndex(JAVA_INT, 0, kvLength);
            DeviceBuffer workspace = scope.allocate(prepared.workspaceBytes());
            MemorySegment plain = arena.allocate(PLAIN_BYTES, 4096).fill((byte) 1);
            MemorySegment sums = arena.allocate(64L * 1024, 64);
            report(prepared, stream, bindings, workspace, readers, plain, sums, shape, layout, kvLength, queries);
        }
    }

    private static void report(
            PreparedPlan prepared,
            ExecutionStream stream,
            RunBindings bindings,
            DeviceBuffer workspace,
            WorkerPool readers,
            MemorySegment plain,
            MemorySegment sums,
            int[] shape,
            KvPageLayout layout,
            int kvLength,
            int queries) {
        int rounds = queries > 100 ? 3 : WARM + ROUNDS;
        int warm = queries > 100 ? 0 : WARM;
        long[] ours = new long[rounds - warm];
        long[] read = new long[rounds - warm];
        WorkerPool.Body body =
                (worker, task) -> sum(plain.address() + task * (PLAIN_BYTES / 64), sums.address() + task * 64L);
        for (int round = 0; round < rounds; round++) {
            int kept = Math.max(0, round - warm);
            long start = now(readers);
            prepared.run(stream, bindings, workspace);
            ours[kept] = now(readers) - start;
            start = now(readers);
            readers.parallelFor(64, body);
            read[kept] = now(readers) - start;
        }
        Arrays.sort(ours);
        Arrays.sort(read);
        double bytes = (double) layout.kMaxOffset() / 64 * kvLength;
        double flops = 4.0 * shape[0] * shape[2] * queries * (kvLength - queries / 2.0);
        System.out.printf("%d/%d x %d %-5s", shape[0], shape[1], shape[2], layout.k());
        for (int at : new int[] {0, ours.length / 2}) {
            double rate = bytes / ours[at];
            double peer = (double) PLAIN_BYTES / read[at];
            System.out.printf(
                    " | %s %8.3f ms %6.2f GB/s of %6.2f GB/s read: %.2f",
                    at == 0 ? "best" : "median", ours[at] / 1e6, rate, peer, rate / peer);
        }
        System.out.printf(" | %.1f GFLOP/s%n", flops / ours[0]);
    }

    private static long now(WorkerPool pool) {
        return pool.numWorkers() > 1
                ? System.nanoTime()
                : ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    private static void sum(long from, long to) {
        MemorySegment all = Memory.all();
        FloatVector a = FloatVector.zero(Lanes.F32);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        for (long i = 0; i < PLAIN_BYTES / 64; i += 4L * Lanes.BYTES) {
            a = a.add(FloatVector.fromMemorySegment(Lanes.F32, all, from + i, Lanes.ORDER));
            b = b.add(FloatVector.fromMemorySegment(Lanes.F32, all, from + i + Lanes.BYTES, Lanes.ORDER));
            c = c.add(FloatVector.fromMemorySegment(Lanes.F32, all, from + i + 2L * Lanes.BYTES, Lanes.ORDER));
            d = d.add(FloatVector.fromMemorySegment(Lanes.F32, all, from + i + 3L * Lanes.BYTES, Lanes.ORDER));
        }
        a.add(b).add(c.add(d)).intoMemorySegment(all, to, Lanes.ORDER);
    }

    private static Dim fixed(long size) {
        return Dim.fixed("n" + size, size);
    }

    private static MemorySegment segment(RunBindings bindings, String name) {
        return bindings.buffer(TensorRef.of(name)).hostSegment().orElseThrow();
    }

    /** Numbers of the page's own kind: bits of another are subnormal or NaN here and there, which takes longer. */
    private static void fillPages(DeviceBuffer buffer, KvPrecision precision) {
        MemorySegment bytes = buffer.hostSegment().orElseThrow();
        SplittableRandom random = new SplittableRandom(1);
        switch (precision) {
            case F32 -> fill(buffer);
            case F16, BF16 -> {
                for (long i = 0; i < bytes.byteSize() / 2; i++) {
                    float x = random.nextFloat() - 0.5f;
                    short half = Float.floatToFloat16(x);
                    bytes.setAtIndex(JAVA_SHORT, i, precision == KvPrecision.F16 ? half : Narrow.toBrain(x));
                }
            }
            case INT8, INT4 -> {
                for (long i = 0; i < bytes.byteSize() / 2; i++) { // codes, scales and zeros alike
                    bytes.setAtIndex(JAVA_SHORT, i, Float.floatToFloat16(random.nextFloat() * 0.01f + 0.001f));
                }
            }
        }
    }

    private static void fill(DeviceBuffer buffer) {
        MemorySegment bytes = buffer.hostSegment().orElseThrow();
        SplittableRandom random = new SplittableRandom(1);
        for (long i = 0; i < bytes.byteSize() / 4; i++) {
            bytes.setAtIndex(JAVA_FLOAT, i, random.nextFloat() - 0.5f);
        }
    }
}
