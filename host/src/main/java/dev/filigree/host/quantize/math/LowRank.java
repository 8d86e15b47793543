package dev.filigree.host.quantize.math;

/**
 * A matrix of low rank as a product of two thin ones, with what was known of its singular values.
 *
 * @param rank number of rows of both factors
 * @param left {@code [rank, rows]}: left singular vectors times singular values
 * @param right {@code [rank, columns]}: right singular vectors, orthonormal, the largest component of each positive
 * @param singular {@code [rank or more]}, descending
 * @param relativeError of the approximation: the norm of the rest over that of the matrix, or NaN if not computed
 */
@SuppressWarnings("ArrayRecordComponent") // handed over once and compared never
public record LowRank(int rank, float[] left, float[] right, double[] singular, double relativeError) {

    /** The same with the largest component of each right vector positive, so that equal matrices give equal factors. */
    LowRank withFixedSigns() {
        if (rank == 0) {
            return this;
        }
        int rows = left.length / rank;
        int columns = right.length / rank;
        for (int r = 0; r < rank; r++) {
            int top = r * columns;
            for (int i = r * columns; i < (r + 1) * columns; i++) {
                if (Math.abs(right[i]) > Math.abs(right[top])) {
                    top = i;
                }
            }
            if (columns > 0 && right[top] < 0) {
                negate(right, r * columns, columns);
                negate(left, r * rows, rows);
            }
        }
        return this;
    }

    private static void negate(float[] values, int from, int count) {
        for (int i = from; i < from + count; i++) {
            values[i] = -values[i];
        }
    }
}
