package dev.filigree.api.attention;

import java.util.OptionalLong;

/**
 * From how many context tokens on block-sparse prefill takes less time than dense on a backend. Shorter prompts choose nearly
 * every block anyway, and estimating which costs time on top.
 *
 * @param backend the backend's name
 * @param contextTokens what was measured on it; empty if nobody measured
 */
public record SparseCrossover(String backend, OptionalLong contextTokens) {

    @Override
    public String toString() {
        return contextTokens.isPresent()
                ? contextTokens.getAsLong() + " measured on " + backend
                : "none measured on " + backend;
    }
}
