package dev.filigree.conformance.generate;

import java.util.List;

/** Sizes that find mistakes: one, both sides of tile edges, primes. */
public final class Sizes {
    /** Widths of rows for elementwise ops and linears. */
    public static final List<Integer> WIDTHS = List.of(1, 7, 16, 31, 64, 65, 127, 128, 257);

    private Sizes() {}
}
