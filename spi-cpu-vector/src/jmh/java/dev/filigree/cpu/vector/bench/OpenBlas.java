package dev.filigree.cpu.vector.bench;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/** The peer: {@code cblas_sgemm} of the system's OpenBLAS, bound at run time when the library is there. */
final class OpenBlas {
    private static final int ROW_MAJOR = 101;
    private static final int NO_TRANSPOSE = 111;
    private static final int TRANSPOSE = 112;

    private final MethodHandle sgemm;
    private final MethodHandle setThreads;

    private OpenBlas(SymbolLookup library) {
        Linker linker = Linker.nativeLinker();
        sgemm = linker.downcallHandle(
                library.findOrThrow("cblas_sgemm"),
                FunctionDescriptor.ofVoid(
                        JAVA_INT,
                        JAVA_INT,
                        JAVA_INT,
                        JAVA_INT,
                        JAVA_INT,
                        JAVA_INT,
                        JAVA_FLOAT,
                        ADDRESS,
                        JAVA_INT,
                        ADDRESS,
                        JAVA_INT,
                        JAVA_FLOAT,
                        ADDRESS,
                        JAVA_INT));
        setThreads = linker.downcallHandle(
                library.findOrThrow("openblas_set_num_threads"), FunctionDescriptor.ofVoid(JAVA_INT));
    }

    /** Finds the library, or nothing when this machine has none. */
    static Optional<OpenBlas> find() {
        try {
            return Optional.of(new OpenBlas(SymbolLookup.libraryLookup("libopenblas.so.0", Arena.global())));
        } catch (IllegalArgumentException missing) {
            return Optional.empty();
        }
    }

    void threads(int count) {
        try {
            setThreads.invokeExact(count);
        } catch (Throwable thrown) {
            throw new IllegalStateException(thrown);
        }
    }

    /** c[m, n] = a[m, k] b[n, k]^T, all contiguous f32. */
    void multiply(int m, int n, int k, MemorySegment a, MemorySegment b, MemorySegment c) {
        try {
            sgemm.invokeExact(ROW_MAJOR, NO_TRANSPOSE, TRANSPOSE, m, n, k, 1f, a, k, b, k, 0f, c, n);
        } catch (Throwable thrown) {
            throw new IllegalStateException(thrown);
        }
    }
}
