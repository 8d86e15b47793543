package dev.filigree.host.quantize.math;

/** Finds the best approximation of low rank of a matrix (Eckart and Young 1936). Equal calls give equal bits. */
public interface TruncatedSvd {

    /** For logs and reports, such as {@code lapack dgesdd}. */
    String name();

    /**
     * Decomposes.
     *
     * @param matrix {@code [rows, columns]}, row-major, kept
     * @param rank wanted; no more than the smaller size is returned
     * @return factors and at least {@code rank} singular values
     */
    LowRank decompose(float[] matrix, int rows, int columns, int rank);
}
