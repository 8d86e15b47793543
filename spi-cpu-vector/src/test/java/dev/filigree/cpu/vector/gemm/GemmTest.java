package dev.filigree.cpu.vector.gemm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.filigree.cpu.vector.NativeFloats;
import dev.filigree.cpu.vector.convert.Storage;
import dev.filigree.cpu.vector.parallel.WorkerPool;
import java.lang.foreign.Arena;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GemmTest {

    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, F32, F32, F32, 1",
        "1, 33, 257, F32, BF16, F32, 2",
        "2, 8, 64, F32, F32, F32, 1",
        "5, 97, 31, BF16, F16, F32, 2",
        "24, 24, 16, F16, F16, F16, 1",
        "25, 31, 17, F32, F32, F32, 2",
        "25, 32, 16, F32, BF16, BF16, 1",
        "61, 131, 1025, F32, F32, F32, 2",
        "67, 64, 2050, BF16, BF16, F32, 2",
        "541, 300, 40, F32, F32, F32, 2",
        "30, 20, 0, F32, F32, F32, 1",
        "3, 20, 0, F32, F32, F32, 1",
        "0, 20, 8, F32, F32, F32, 1",
    })
    void equalsTheSumOfProducts(int m, int n, int k, Storage as, Storage bs, Storage outs, int workers) {
        check(m, n, k, as, bs, outs, workers, Optional.empty());
        check(m, n, k, as, bs, outs, workers, Optional.of(bs));
    }

    private static void check(
            int m, int n, int k, Storage as, Storage bs, Storage outs, int workers, Optional<Storage> biasStorage) {
        long aStride = k + 3L;
        long outStride = n + 5L;
        try (WorkerPool pool = new WorkerPool(workers);
                Arena arena = Arena.ofShared()) {
            NativeFloats a = NativeFloats.random(arena, as, m * aStride, 1);
            NativeFloats b = NativeFloats.random(arena, bs, (long) n * k, 2);
            NativeFloats bias = NativeFloats.random(arena, bs, n, 3);
            NativeFloats out = NativeFloats.unset(arena, outs, m * outStride);
            Gemm gemm = new Gemm(new GemmShape(m + 1, n, k, as, bs, biasStorage, outs), pool);
            long work = arena.allocate(gemm.workspaceBytes(), 64).address();
            gemm.run(
                    m,
                    a.address(),
                    aStride * as.bytes(),
                    b.address(),
                    (long) k * bs.bytes(),
                    bias.address(),
                    out.address(),
                    outStride * outs.bytes(),
                    work);
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < outStride; j++) {
                    if (j >= n) {
                        assertEquals(Float.NaN, out.get(i * outStride + j), "past row " + i);
                        continue;
                    }
                    double sum = biasStorage.isPresent() ? bias.get(j) : 0;
                    double size = Math.abs(sum);
                    for (int d = 0; d < k; d++) {
                        double product = (double) a.get(i * aStride + d) * b.get((long) j * k + d);
                        sum += product;
                        size += Math.abs(product);
                    }
                    // fp32 chains lose at most one rounding of the absolute sum per term; storage rounds once more
                    double storage = outs == Storage.F32 ? 0 : outs == Storage.F16 ? 0x1p-11 : 0x1p-8;
                    double tolerance = size * 0x1p-24 * (4 + Math.sqrt(k)) + Math.abs(sum) * storage;
                    assertEquals(sum, out.get(i * outStride + j), tolerance + 1e-30, "[" + i + ", " + j + "]");
                }
            }
        }
    }
}
