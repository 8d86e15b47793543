package dev.filigree.host.quantize.math;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;

/** Exact in fp64, by the {@code dgesdd} of a LAPACK on this machine, called through the foreign function interface. */
public final class LapackSvd implements TruncatedSvd {
    private static final List<String> LIBRARIES =
            List.of("libopenblas.so.0", "libopenblas.so", "liblapack.so.3", "libopenblas.dylib", "openblas.dll");

    /** Below, threads of OpenBLAS only wait for each other, and take the cores from everything else while they do. */
    private static final long ONE_THREAD_ELEMENTS = 1024L * 1024;

    private final MethodHandle dgesdd;
    private final Optional<MethodHandle> setThreads;
    private final String library;

    private LapackSvd(MethodHandle dgesdd, Optional<MethodHandle> setThreads, String library) {
        this.dgesdd = dgesdd;
        this.setThreads = setThreads;
        this.library = library;
    }

    /** The first library of the usual names that has the routine. */
    @SuppressWarnings("restricted") // the one library this module calls
    public static Optional<LapackSvd> find() {
        for (String name : LIBRARIES) {
            try {
                SymbolLookup symbols = SymbolLookup.libraryLookup(name, Arena.global());
                Optional<MethodHandle> routine = handle(symbols, "dgesdd_", FunctionDescriptor.ofVoid(pointers(14)));
                if (routine.isPresent()) {
                    FunctionDescriptor count = FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT);
                    return Optional.of(
                            new LapackSvd(routine.get(), handle(symbols, "openblas_set_num_threads", count), name));
                }
            } catch (IllegalArgumentException | IllegalCallerException absent) {
                continue; // no such library, or native access is not given to this module: the next one, or the
                // fallback
            }
        }
        return Optional.empty();
    }

    @SuppressWarnings("restricted")
    private static Optional<MethodHandle> handle(SymbolLookup symbols, String name, FunctionDescriptor type) {
        return symbols.find(name).map(symbol -> Linker.nativeLinker().downcallHandle(symbol, type));
    }

    private static java.lang.foreign.MemoryLayout[] pointers(int count) {
        java.lang.foreign.MemoryLayout[] layouts = new java.lang.foreign.MemoryLayout[count];
        java.util.Arrays.fill(layouts, ValueLayout.ADDRESS);
        return layouts;
    }

    @Override
    public String name() {
        return "lapack dgesdd of " + library;
    }

    /** Row-major m x n is column-major n x m, so U and V change places. */
    @Override
    public LowRank decompose(float[] matrix, int rows, int columns, int rank) {
        int small = Math.min(rows, columns);
        int r = Math.min(rank, small);
        if (small == 0) {
            return new LowRank(0, new float[0], new float[0], new double[0], 0);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment a = arena.allocate(8L * rows * columns, 64);
            for (int i = 0; i < matrix.length; i++) {
                a.setAtIndex(ValueLayout.JAVA_DOUBLE, i, matrix[i]);
            }
            MemorySegment s = arena.allocate(8L * small, 64);
            MemorySegment u = arena.allocate(8L * columns * small, 64);
            MemorySegment vt = arena.allocate(8L * small * rows, 64);
            call(arena, a, s, u, vt, columns, rows, small);
            double[] singular = s.toArray(ValueLayout.JAVA_DOUBLE);
            float[] left = new float[r * rows];
            float[] right = new float[r * columns];
            for (int k = 0; k < r; k++) {
                for (int j = 0; j < columns; j++) {
                    right[k * columns + j] = (float) u.getAtIndex(ValueLayout.JAVA_DOUBLE, (long) k * columns + j);
                }
                for (int i = 0; i < rows; i++) {
                    left[k * rows + i] =
                            (float) (singular[k] * vt.getAtIndex(ValueLayout.JAVA_DOUBLE, (long) i * small + k));
                }
            }
            return new LowRank(r, left, right, singular, OjAlgoSvd.rest(singular, r)).withFixedSigns();
        }
    }

    private void call(
            Arena arena, MemorySegment a, MemorySegment s, MemorySegment u, MemorySegment vt, int m, int n, int small) {
        MemorySegment info = integer(arena, 0);
        MemorySegment best = arena.allocate(8, 8);
        MemorySegment integers = arena.allocate(4L * 8 * small, 8);
        boolean alone = (long) m * n <= ONE_THREAD_ELEMENTS;
        try {
            if (setThreads.isPresent()) {
                setThreads.get().invokeExact(alone ? 1 : Runtime.getRuntime().availableProcessors());
            }
            for (int pass = 0; pass < 2; pass++) {
                // The first pass asks for the best size of the work space.
                long length = pass == 0 ? -1 : (long) best.get(ValueLayout.JAVA_DOUBLE, 0);
                MemorySegment work = pass == 0 ? best : arena.allocate(8 * length, 64);
                dgesdd.invokeExact(
                        arena.allocateFrom("S"),
                        integer(arena, m),
                        integer(arena, n),
                        a,
                        integer(arena, m),
                        s,
                        u,
                        integer(arena, m),
                        vt,
                        integer(arena, small),
                        work,
                        integer(arena, (int) length),
                        integers,
                        info);
                int code = info.get(ValueLayout.JAVA_INT, 0);
                if (code != 0) {
                    throw new ArithmeticException("dgesdd of a " + n + " x " + m + " matrix ended with info " + code);
                }
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("dgesdd cannot be called", e);
        }
    }

    private static MemorySegment integer(Arena arena, int value) {
        return arena.allocateFrom(ValueLayout.JAVA_INT, value);
    }
}
