package dev.filigree.api.op;

import dev.filigree.api.plan.PlanException;

/**
 * Tells {@link PageScore} which scores the {@link PageSelect} after it will read, so that a step whose lists are all in
 * use reads no statistics at all (LServe section 3.4.3).
 *
 * @param budgetPages pages a list may hold when chosen anew, as in the selection
 * @param reuseInterval steps that share a list, as in the selection
 * @param choice the lists as the selection will find them
 */
public record PageReuse(int budgetPages, int reuseInterval, PageChoice choice) {

    /** Checks both numbers. */
    public PageReuse {
        if (budgetPages < 1 || reuseInterval < 1) {
            throw new PlanException("PageScore: budgetPages and reuseInterval must be 1 or more, not " + budgetPages
                    + " and " + reuseInterval);
        }
    }
}
