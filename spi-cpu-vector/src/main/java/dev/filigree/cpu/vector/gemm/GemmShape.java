package dev.filigree.cpu.vector.gemm;

import dev.filigree.cpu.vector.convert.Storage;
import java.util.Optional;

/**
 * What is fixed about a product {@code out[m, n] = a[m, k] b[n, k]^T (+ bias[n])} when it is prepared.
 *
 * @param maxM largest number of rows of A and of the result (numTokens)
 * @param n rows of B, columns of the result (outFeatures)
 * @param k depth (inFeatures)
 * @param a storage of A
 * @param b storage of B
 * @param bias storage of the bias, if one is added
 * @param out storage of the result
 */
public record GemmShape(int maxM, int n, int k, Storage a, Storage b, Optional<Storage> bias, Storage out) {
    /** Checks the sizes. */
    public GemmShape {
        if (maxM < 0 || n < 0 || k < 0) {
            throw new IllegalArgumentException("a product of m=" + maxM + ", n=" + n + ", k=" + k
                    + " was asked for; accepted are sizes of 0 or more");
        }
    }
}
