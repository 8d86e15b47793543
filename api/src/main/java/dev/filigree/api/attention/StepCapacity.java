package dev.filigree.api.attention;

/**
 * The largest step a plan must serve.
 *
 * @param numTokens query tokens, all sequences together
 * @param numSeqs sequences in the step
 * @param numSlots sequences alive between steps; rows of per-sequence policy state
 * @param contextTokens tokens of the longest sequence, the current ones included
 * @param kvTokens tokens of all sequences of the step together, the current ones included
 */
public record StepCapacity(long numTokens, long numSeqs, long numSlots, long contextTokens, long kvTokens) {

    /** Checks that a step of that size is possible. */
    public StepCapacity {
        if (numTokens < 1 || numSeqs < 1 || numSlots < numSeqs || contextTokens < 1 || kvTokens < contextTokens) {
            throw new IllegalArgumentException(
                    "step capacity needs numTokens, numSeqs, contextTokens >= 1, numSlots >= numSeqs"
                            + " and kvTokens >= contextTokens, not " + numTokens + ", " + numSeqs + ", " + contextTokens
                            + ", "
                            + numSlots + ", " + kvTokens);
        }
    }
}
