package dev.filigree.host.quantize.math;

import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Finds the leading singular vectors by multiplying a few random rows with the matrix and its transpose in turn (Halko,
 * Martinsson and Tropp 2011, algorithm 4.4): a hundred times cheaper than a full decomposition of a large layer.
 */
public final class RandomizedSvd implements TruncatedSvd {
    private static final int OVERSAMPLE = 16;

    private final Products products;
    private final int iterations;
    private final long seed;

    /**
     * A decomposition.
     *
     * @param iterations passes over matrix and transpose; 2 do for a search, 4 for a result
     * @param seed of the random rows
     */
    public RandomizedSvd(Products products, int iterations, long seed) {
        this.products = products;
        this.iterations = iterations;
        this.seed = seed;
    }

    @Override
    public String name() {
        return "randomized, oversample " + OVERSAMPLE + ", " + iterations + " iterations";
    }

    @Override
    public LowRank decompose(float[] matrix, int rows, int columns, int rank) {
        float[] ones = new float[columns];
        Arrays.fill(ones, 1);
        try (ScaledMatrix scaled = new ScaledMatrix(products, matrix, rows, columns)) {
            LowRank found = decompose(scaled, ones, rank);
            double all = 0;
            for (float value : matrix) {
                all += (double) value * value;
            }
            double kept = 0;
            for (int i = 0; i < found.rank(); i++) {
                kept += found.singular()[i] * found.singular()[i];
            }
            double error = all == 0 ? 0 : Math.sqrt(Math.max(0, 1 - kept / all));
            return new LowRank(found.rank(), found.left(), found.right(), found.singular(), error);
        }
    }

    /** Decomposes {@code M diag(factors)}; the error is not computed. */
    public LowRank decompose(ScaledMatrix matrix, float[] factors, int rank) {
        int small = Math.min(matrix.rows(), matrix.columns());
        int r = Math.min(rank, small);
        int width = Math.min(r + OVERSAMPLE, small);
        if (r == 0) {
            return new LowRank(0, new float[0], new float[0], new double[0], Double.NaN);
        }
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        float[] basis = new float[width * matrix.columns()];
        for (int i = 0; i < basis.length; i++) {
            basis[i] = (float) random.nextGaussian();
        }
        for (int i = 0; i < iterations; i++) {
            float[] out = matrix.forward(basis, width, factors);
            Thin.orthonormalize(out, width, matrix.rows());
            basis = matrix.backward(out, width, factors);
            Thin.orthonormalize(basis, width, matrix.columns());
        }
        return factors(matrix.forward(basis, width, factors), basis, width, r);
    }

    /** Turns {@code M = image^T basis} on the span of an orthonormal basis into singular vectors. */
    private static LowRank factors(float[] image, float[] basis, int width, int rank) {
        int rows = image.length / width;
        int columns = basis.length / width;
        double[] turn = new double[width * width];
        double[] squares = Thin.eigen(Thin.gram(image, width, rows), width, turn);
        double[] singular = new double[width];
        for (int i = 0; i < width; i++) {
            singular[i] = Math.sqrt(Math.max(0, squares[i]));
        }
        return new LowRank(
                        rank,
                        combine(turn, image, width, rank, rows),
                        combine(turn, basis, width, rank, columns),
                        singular,
                        Double.NaN)
                .withFixedSigns();
    }

    private static float[] combine(double[] turn, float[] rows, int width, int rank, int length) {
        float[] combined = new float[rank * length];
        java.util.stream.IntStream.range(0, rank).parallel().forEach(r -> {
            double[] sum = new double[length];
            for (int i = 0; i < width; i++) {
                double by = turn[r * width + i];
                for (int c = 0; c < length; c++) {
                    sum[c] += by * rows[i * length + c];
                }
            }
            for (int c = 0; c < length; c++) {
                combined[r * length + c] = (float) sum[c];
            }
        });
        return combined;
    }
}
