package dev.filigree.host.quantize.math;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** LAPACK against the decomposition in pure Java. Skipped, and said so, where this machine has no LAPACK. */
class LapackSvdTest {
    private static final double[] SINGULAR = {9, 5, 2, 1, 0.1};

    private static LapackSvd lapack() {
        Optional<LapackSvd> found = LapackSvd.find();
        assumeTrue(found.isPresent(), "no LAPACK on this machine: install libopenblas0 to run it");
        return found.orElseThrow();
    }

    private static float[] random(int rows, int columns) {
        Random random = new Random(31L * rows + columns);
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static float[] product(LowRank factors, int rows, int columns) {
        float[] product = new float[rows * columns];
        for (int i = 0; i < product.length; i++) {
            double sum = 0;
            for (int r = 0; r < factors.rank(); r++) {
                sum += (double) factors.left()[r * rows + i / columns] * factors.right()[r * columns + i % columns];
            }
            product[i] = (float) sum;
        }
        return product;
    }

    /** Both are exact in fp64 and leave rounding to f32 of the factors, whose signs are fixed. */
    @Test
    void givesWhatPureJavaGives() {
        LapackSvd lapack = lapack();
        System.out.println(lapack.name());
        for (int[] size : new int[][] {{1, 1}, {1, 7}, {7, 1}, {16, 16}, {31, 17}, {17, 31}, {96, 200}, {200, 96}}) {
            float[] matrix = random(size[0], size[1]);
            int small = Math.min(size[0], size[1]);
            for (int rank : new int[] {1, Math.min(4, small), small, small + 3}) {
                LowRank theirs = lapack.decompose(matrix, size[0], size[1], rank);
                LowRank ours = new OjAlgoSvd().decompose(matrix, size[0], size[1], rank);
                String told = Arrays.toString(size) + " at rank " + rank;
                assertEquals(ours.rank(), theirs.rank(), told);
                assertArrayEquals(ours.singular(), theirs.singular(), 1e-12 * ours.singular()[0], told);
                assertEquals(ours.relativeError(), theirs.relativeError(), 1e-7, told);
                for (int r = 0; r < theirs.rank(); r++) {
                    float[] right = Arrays.copyOfRange(theirs.right(), r * size[1], (r + 1) * size[1]);
                    float top = 0;
                    for (float value : right) {
                        top = Math.abs(value) > Math.abs(top) ? value : top;
                    }
                    assertTrue(top > 0, told + ": the largest component must be positive");
                }
                float[] expected = product(ours, size[0], size[1]);
                assertArrayEquals(
                        expected, product(theirs, size[0], size[1]), (float) (1e-6 * ours.singular()[0]), told);
            }
        }
    }

    /** A matrix of known singular values: a diagonal in a corner of zeros. */
    @Test
    void findsKnownSingularValues() {
        float[] matrix = new float[12 * 20];
        for (int i = 0; i < SINGULAR.length; i++) {
            matrix[(11 - i) * 20 + 3 * i] = (float) SINGULAR[i];
        }
        for (TruncatedSvd svd : new TruncatedSvd[] {lapack(), new OjAlgoSvd()}) {
            LowRank found = svd.decompose(matrix, 12, 20, 5);
            assertArrayEquals(SINGULAR, Arrays.copyOf(found.singular(), 5), 1e-7, svd.name());
            assertEquals(0, found.singular()[5], 1e-12, svd.name());
            assertArrayEquals(matrix, product(found, 12, 20), 1e-6f, svd.name());
            assertTrue(found.relativeError() < 1e-7, svd.name());
        }
    }

    @Test
    void equalCallsGiveEqualBits() {
        LapackSvd lapack = lapack();
        float[] matrix = random(130, 70);
        LowRank first = lapack.decompose(matrix, 130, 70, 32);
        LowRank second = lapack.decompose(matrix, 130, 70, 32);
        assertArrayEquals(first.left(), second.left());
        assertArrayEquals(first.right(), second.right());
    }
}
