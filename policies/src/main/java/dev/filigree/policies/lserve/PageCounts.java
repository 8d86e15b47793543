package dev.filigree.policies.lserve;

import dev.filigree.api.policy.PolicyRefusal;

/**
 * A budget in pages of one size.
 *
 * @param budget pages of a list chosen anew
 * @param sink pages from the start that are always kept
 * @param most pages of a list at the end of its use: those that opened since it was chosen come on top
 * @param pageSize tokens per page
 */
record PageCounts(int budget, int sink, int most, int pageSize) {

    /**
     * The budget of a setting.
     *
     * @throws PolicyRefusal if it does not hold the sink and one page more, the newest
     */
    static PageCounts of(LServeConfig config, int pageSize) {
        int sink = Math.ceilDiv(config.sink(), pageSize);
        long budget = config.budget() / pageSize;
        if (budget < sink + 1L) {
            throw new PolicyRefusal(
                    LServePolicy.NAME,
                    "budget must hold the sink and the newest page, " + (sink + 1L) * pageSize + " tokens in pages of "
                            + pageSize + ", not " + config.budget(),
                    "attention.budget");
        }
        int opened = Math.ceilDiv(config.reuseInterval() - 1, pageSize);
        return new PageCounts(Math.toIntExact(budget), sink, Math.toIntExact(budget + opened), pageSize);
    }

    @Override
    public String toString() {
        return "budget=" + budget + " pages of " + pageSize + ", sink=" + sink;
    }
}
