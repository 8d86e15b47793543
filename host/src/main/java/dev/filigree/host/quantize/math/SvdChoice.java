package dev.filigree.host.quantize.math;

import java.util.Optional;

/** Which decomposition a layer gets for its result; the smoothing search always takes the randomized one. */
public final class SvdChoice {
    /** Above, an exact decomposition by LAPACK takes longer than all other steps together. */
    private static final long LAPACK_ELEMENTS = 3072L * 3072;

    private static final int OJALGO_SIZE = 512;
    private static final int ITERATIONS = 4;

    /** Looked for once: opening a library is not cheap, and whether it is there does not change. */
    private static final class Lapack {
        static final Optional<LapackSvd> FOUND = LapackSvd.find();
    }

    /** Above, a refinement that decomposes ten times would do little else. */
    private static final long EXACT_ELEMENTS = 1024L * 1024;

    private SvdChoice() {}

    /** For a matrix that is one of many: exact where that takes a moment, else by random products. */
    public static TruncatedSvd manyTimes(Products products, int rows, int columns, long seed) {
        return (long) rows * columns <= EXACT_ELEMENTS
                ? exactIfCheap(products, rows, columns, seed)
                : new RandomizedSvd(products, ITERATIONS, seed);
    }

    /** LAPACK where there is one, else ojAlgo for small layers; large layers are decomposed by random products. */
    public static TruncatedSvd exactIfCheap(Products products, int rows, int columns, long seed) {
        if ((long) rows * columns <= LAPACK_ELEMENTS && Lapack.FOUND.isPresent()) {
            return Lapack.FOUND.get();
        }
        return Math.max(rows, columns) <= OJALGO_SIZE ? new OjAlgoSvd() : new RandomizedSvd(products, ITERATIONS, seed);
    }
}
