package dev.filigree.host.quantize.math;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** Factors and inverses at the edges of blocks. */
class PositiveDefiniteTest {

    private static double[] matrix(int n) {
        Random random = new Random(n);
        double[] x = random.doubles((long) n * n, -1, 1).toArray();
        double[] a = new double[n * n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                a[i * n + j] = i == j ? n : 0;
                for (int k = 0; k < n; k++) {
                    a[i * n + j] += x[i * n + k] * x[j * n + k];
                }
            }
        }
        return a;
    }

    @Test
    void factorsMultiplyToTheMatrixAndInversesToOne() {
        for (int n : new int[] {0, 1, 15, 16, 17, 53, 128}) {
            double[] a = matrix(n);
            double[] lower = a.clone();
            assertTrue(PositiveDefinite.factor(lower, n));
            double[] inverse = PositiveDefinite.inverse(lower, n);
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < n; j++) {
                    double product = 0;
                    double one = 0;
                    for (int k = 0; k < n; k++) {
                        product += lower[i * n + k] * lower[j * n + k];
                        one += a[i * n + k] * inverse[k * n + j];
                    }
                    assertEquals(a[i * n + j], product, 1e-12 * n);
                    assertEquals(i == j ? 1 : 0, one, 1e-12);
                    assertTrue(j <= i || lower[i * n + j] == 0);
                }
            }
        }
    }

    @Test
    void otherMatricesAreTold() {
        for (int at : new int[] {0, 15, 16, 40}) {
            double[] a = matrix(41);
            a[at * 41 + at] = -1;
            assertFalse(PositiveDefinite.factor(a, 41));
        }
        assertFalse(PositiveDefinite.factor(new double[] {Double.NaN}, 1));
    }
}
