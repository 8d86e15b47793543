package dev.filigree.host.diffusion;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.plan.Plan;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * A plan of a diffusion transformer.
 *
 * @param plan all steps
 * @param blocks per block, what the attention policy planned; none in what is computed once per batch
 * @param schemes names of the storage schemes of the blocks' linear layers
 */
record DitPlan(Plan plan, List<AttentionPlan> blocks, Set<String> schemes) {

    DitPlan {
        blocks = List.copyOf(blocks);
        SortedSet<String> sorted = new TreeSet<>(schemes);
        schemes = java.util.Collections.unmodifiableSortedSet(sorted);
    }
}
