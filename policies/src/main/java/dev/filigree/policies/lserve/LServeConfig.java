package dev.filigree.policies.lserve;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.op.PageChoice.SelectionScope;
import dev.filigree.policies.dense.DensePolicy;
import dev.filigree.policies.layers.LayerSet;

/**
 * How LServe selects pages.
 *
 * @param budget tokens that a decode step reads per list, counted in whole pages, rounded down
 * @param sink first tokens whose pages are always read
 * @param logicalPageSize tokens per entry of page statistics, a divisor of the cache's pageSize
 * @param reuseInterval steps that share a list, 1 to choose at every step
 * @param lists which query heads share a list
 * @param denseLayers layers whose decode steps read everything, without statistics
 * @param prefill plans prompt chunks
 */
public record LServeConfig(
        long budget,
        int sink,
        int logicalPageSize,
        int reuseInterval,
        SelectionScope lists,
        LayerSet denseLayers,
        AttentionPolicy prefill) {

    /** Checks the numbers. */
    public LServeConfig {
        if (budget < 1 || sink < 0 || logicalPageSize < 1 || reuseInterval < 1) {
            throw new IllegalArgumentException(
                    "lserve needs budget, logicalPageSize, reuseInterval >= 1 and sink >= 0, not " + budget + ", "
                            + logicalPageSize + ", " + reuseInterval + " and " + sink);
        }
    }

    /** The same with another policy for prompt chunks. */
    LServeConfig withPrefill(AttentionPolicy policy) {
        return new LServeConfig(budget, sink, logicalPageSize, reuseInterval, lists, denseLayers, policy);
    }

    /** The paper's setting for one budget: logical pages of 16, a choice every four steps, a list per query head. */
    public static LServeConfig of(long budget) {
        return new LServeConfig(budget, 64, 16, 4, SelectionScope.QUERY_HEAD, LayerSet.NONE, new DensePolicy());
    }
}
