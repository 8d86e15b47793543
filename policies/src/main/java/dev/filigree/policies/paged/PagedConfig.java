package dev.filigree.policies.paged;

import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.PrefillReads;

/**
 * How pages store keys and values.
 *
 * @param pageSize tokens per page, 1 or more
 * @param k storage of keys
 * @param v storage of values
 * @param prefillReads what a prompt chunk sees of itself
 */
public record PagedConfig(int pageSize, KvPrecision k, KvPrecision v, PrefillReads prefillReads) {

    /** Checks the page size. */
    public PagedConfig {
        if (pageSize < 1) {
            throw new IllegalArgumentException("pageSize must be 1 or more, not " + pageSize);
        }
    }
}
