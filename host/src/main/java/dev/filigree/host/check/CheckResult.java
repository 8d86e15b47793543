package dev.filigree.host.check;

import java.util.List;

/**
 * How one case came out.
 *
 * @param name of the case
 * @param maxLogitDifference largest distance of a logit
 * @param maxNormDifference largest relative distance of a hidden state's norm
 * @param wrongArgmax positions with another largest logit
 * @param greedyMatches whether the continuation is equal, as ids and as text
 * @param problems what fails, one sentence each
 */
public record CheckResult(
        String name,
        double maxLogitDifference,
        double maxNormDifference,
        int wrongArgmax,
        boolean greedyMatches,
        List<String> problems) {

    /** Copies the list. */
    public CheckResult {
        problems = List.copyOf(problems);
    }

    /** Whether nothing fails. */
    public boolean passes() {
        return problems.isEmpty();
    }
}
