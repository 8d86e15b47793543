package dev.filigree.host.engine;

import dev.filigree.api.attention.Phase;
import dev.filigree.api.attention.StepCapacity;
import dev.filigree.host.decoder.DecoderOutputs;

/**
 * The size class of a step: steps of one bucket share a prepared plan. Sizes are rounded up to powers of two, so that a
 * growing context prepares a plan only when it doubles.
 */
record StepBucket(Phase phase, DecoderOutputs outputs, StepCapacity capacity) {
    private static final long MIN_TOKENS = 16;
    private static final long MIN_CONTEXT = 256;

    static StepBucket of(Step step, EngineLimits limits) {
        long context = 1;
        long kvTokens = 0;
        for (int seq = 0; seq < step.numSeqs(); seq++) {
            long after = step.past(seq) + step.count(seq);
            context = Math.max(context, after);
            kvTokens += after;
        }
        long numSeqs = roundUp(step.numSeqs(), 1, limits.maxSeqs());
        long numTokens = step.phase() == Phase.DECODE
                ? numSeqs
                : roundUp(step.numTokens(), MIN_TOKENS, Math.max(limits.chunkTokens(), step.numTokens()));
        long contextTokens = roundUp(context, MIN_CONTEXT, limits.maxTokens());
        long allTokens = Math.multiplyExact((long) limits.maxSeqs(), limits.maxTokens());
        return new StepBucket(
                step.phase(),
                step.outputs(),
                new StepCapacity(
                        numTokens,
                        numSeqs,
                        limits.maxSeqs(),
                        contextTokens,
                        Math.max(contextTokens, roundUp(kvTokens, MIN_CONTEXT, allTokens))));
    }

    /** The bucket of the largest steps. */
    static StepBucket largest(Phase phase, EngineLimits limits) {
        long numTokens = phase == Phase.DECODE ? limits.maxSeqs() : limits.chunkTokens();
        return new StepBucket(
                phase,
                DecoderOutputs.NEXT_TOKEN,
                new StepCapacity(
                        numTokens,
                        limits.maxSeqs(),
                        limits.maxSeqs(),
                        limits.maxTokens(),
                        Math.multiplyExact((long) limits.maxSeqs(), limits.maxTokens())));
    }

    private static long roundUp(long value, long least, long most) {
        long power = Long.highestOneBit(Math.max(1, value));
        return Math.min(most, Math.max(least, power < value ? 2 * power : power));
    }
}
