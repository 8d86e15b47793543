package dev.filigree.policies.pattern;

import dev.filigree.api.kvcache.HeadNeed;
import dev.filigree.api.kvcache.Retention;
import dev.filigree.api.policy.PolicyRefusal;

/** Needs that cover several readers of one head. */
public final class Needs {
    private Needs() {}

    /**
     * The smallest need that covers both.
     *
     * @throws PolicyRefusal if both want page statistics of different sizes
     */
    public static HeadNeed cover(String policy, HeadNeed a, HeadNeed b) {
        if (a.logicalPageSize() != 0 && b.logicalPageSize() != 0 && a.logicalPageSize() != b.logicalPageSize()) {
            throw new PolicyRefusal(
                    policy,
                    "the parts must agree on logicalPageSize, not want " + a.logicalPageSize() + " and "
                            + b.logicalPageSize(),
                    "attention.policy");
        }
        return new HeadNeed(cover(a.retention(), b.retention()), Math.max(a.logicalPageSize(), b.logicalPageSize()));
    }

    private static Retention cover(Retention a, Retention b) {
        if (a instanceof Retention.SinkAndRecent(int sinkA, int recentA)
                && b instanceof Retention.SinkAndRecent(int sinkB, int recentB)) {
            return new Retention.SinkAndRecent(Math.max(sinkA, sinkB), Math.max(recentA, recentB));
        }
        return new Retention.Everything();
    }
}
