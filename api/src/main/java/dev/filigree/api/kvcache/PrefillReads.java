package dev.filigree.api.kvcache;

import java.util.Locale;

/** What a prompt chunk's own keys and values look like to its queries when the cache is quantized. */
public enum PrefillReads {
    /** As stored: quantized and read back, so results never depend on how the prompt was chunked. */
    STORED,
    /** As computed: closer to an unquantized cache, but dependent on the chunking. */
    EXACT;

    /** The name used in configs. */
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }
}
