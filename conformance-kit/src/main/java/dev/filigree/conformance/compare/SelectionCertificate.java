package dev.filigree.conformance.compare;

import java.util.Optional;
import java.util.function.IntPredicate;

/**
 * Whether a chosen set is right within the tolerance of the scores it was chosen by. Where scores differ in their last
 * digits between backends, chosen sets may differ; then no chosen element may score clearly below one left out.
 */
public final class SelectionCertificate {
    private SelectionCertificate() {}

    /**
     * Checks a choice of the largest scores.
     *
     * @param scores true scores of all candidates
     * @param chosen whether a candidate is chosen
     * @param mandatory whether a candidate is kept whatever its score
     * @param slack how far scores may be wrong
     * @return what is wrong, or empty if the certificate holds
     */
    public static Optional<String> largest(double[] scores, IntPredicate chosen, IntPredicate mandatory, double slack) {
        int worst = -1;
        int best = -1;
        for (int i = 0; i < scores.length; i++) {
            if (mandatory.test(i)) {
                if (!chosen.test(i)) {
                    return Optional.of("candidate " + i + " must be kept and is not");
                }
            } else if (chosen.test(i)) {
                worst = worst < 0 || scores[i] < scores[worst] ? i : worst;
            } else {
                best = best < 0 || scores[i] > scores[best] ? i : best;
            }
        }
        if (worst >= 0 && best >= 0 && scores[worst] < scores[best] - 2 * slack) {
            return Optional.of("candidate " + worst + " with score " + scores[worst] + " is chosen, candidate " + best
                    + " with score " + scores[best] + " is not; scores may be wrong by " + slack);
        }
        return Optional.empty();
    }
}
