package dev.filigree.cpu.vector.bench;

import dev.filigree.cpu.vector.convert.Storage;
import dev.filigree.cpu.vector.gemm.*;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.parallel.WorkerPool;
import java.lang.foreign.*;
import java.util.Random;

public final class GemmBench {
    public static void main(String[] args) {
        var blas = OpenBlas.find().orElseThrow();
        int[][] shapes = args.length > 0
                ? new int[][] {
                    java.util.Arrays.stream(args[0].split(","))
                            .mapToInt(Integer::parseInt)
                            .toArray()
                }
                : new int[][] {
                    {1024, 1024, 1024},
                    {4096, 256, 256},
                    {4096, 704, 256},
                    {4096, 256, 704},
                    {4096, 264, 256},
                    {1024, 704, 256},
                    {256, 704, 256},
                    {256, 256, 256},
                    {64, 704, 256},
                    {32, 704, 256},
                    {16, 704, 256},
                    {12, 704, 256},
                    {8, 704, 256},
                    {4, 704, 256},
                    {2, 704, 256},
                    {1, 704, 256},
                    {1, 256, 704},
                    {1, 256, 256},
                    {1, 4096, 4096},
                    {4, 4096, 4096},
                    {16, 4096, 4096}
                };
        System.out.println(Lanes.describe());
        for (int threads = 1; threads <= 2; threads++) {
            blas.threads(threads);
            try (var pool = new WorkerPool(threads);
                    Arena arena = Arena.ofShared()) {
                for (int[] s : shapes) shape(blas, pool, arena, s[0], s[1], s[2], threads);
            }
        }
    }

    static void shape(OpenBlas blas, WorkerPool pool, Arena arena, int m, int n, int k, int threads) {
        MemorySegment a = rand(arena, (long) m * k),
                b = rand(arena, (long) n * k),
                c = rand(arena, (long) m * n),
                d = rand(arena, (long) m * n);
        Gemm g = new Gemm(
                new GemmShape(m, n, k, Storage.F32, Storage.F32, java.util.Optional.empty(), Storage.F32), pool);
        MemorySegment w = arena.allocate(g.workspaceBytes(), 256);
        MemorySegment bb = arena.allocate(2L * n * k, 256);
        for (long i = 0; i < (long) n * k; i++)
            bb.setAtIndex(ValueLayout.JAVA_SHORT, i, (short)
                    (Float.floatToRawIntBits(b.getAtIndex(ValueLayout.JAVA_FLOAT, i)) >>> 16));
        Gemm h = new Gemm(
                new GemmShape(m, n, k, Storage.F32, Storage.BF16, java.util.Optional.empty(), Storage.F32), pool);
        MemorySegment hw = arena.allocate(h.workspaceBytes(), 256);
        double flops = 2.0 * m * n * k;
        int reps = (int) Math.max(1, 2e8 / flops);
        long ours = Long.MAX_VALUE, peer = ours, half = ours;
        int rounds = 40;
        for (int r = 0; r < rounds; r++) {
            half = Math.min(
                    half,
                    time(
                            () -> h.run(
                                    m, a.address(), 4L * k, bb.address(), 2L * k, 0, c.address(), 4L * n, hw.address()),
                            reps));
            ours = Math.min(
                    ours,
                    time(
                            () -> g.run(
                                    m, a.address(), 4L * k, b.address(), 4L * k, 0, c.address(), 4L * n, w.address()),
                            reps));
            peer = Math.min(peer, time(() -> blas.multiply(m, n, k, a, b, d), reps));
        }
        float worst = 0;
        g.run(m, a.address(), 4L * k, b.address(), 4L * k, 0, c.address(), 4L * n, w.address());
        for (long i = 0; i < (long) m * n; i++)
            worst = Math.max(
                    worst, Math.abs(c.getAtIndex(ValueLayout.JAVA_FLOAT, i) - d.getAtIndex(ValueLayout.JAVA_FLOAT, i)));
        System.out.printf(
                "%dT %5d x %5d x %5d  ours %6.1f  bf16w %6.1f peer %6.1f GFLOP/s  ratio %.2f / %.2f  maxdiff %.1e%n",
                threads,
                m,
                n,
                k,
                flops * reps / ours,
                flops * reps / half,
                flops * reps / peer,
                (double) peer / ours,
                (double) peer / half,
                worst);
    }

    static long time(Runnable r, int reps) {
        long t = now();
        for (int i = 0; i < reps; i++) {
            r.run();
        }
        return now() - t;
    }

    /** CPU time of this thread when asked for: fair on a busy machine, but right for one thread only. */
    private static long now() {
        return Boolean.getBoolean("cpuTime")
                ? java.lang.management.ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime()
                : System.nanoTime();
    }

    static MemorySegment rand(Arena arena, long n) {
        MemorySegment s = arena.allocate(4 * n, 256);
        Random r = new Random(n);
        for (long i = 0; i < n; i++) s.setAtIndex(ValueLayout.JAVA_FLOAT, i, r.nextFloat() - 0.5f);
        return s;
    }
}
