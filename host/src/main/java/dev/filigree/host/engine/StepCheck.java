package dev.filigree.host.engine;

/** Refuses steps that a plan could not serve, before anything is changed. */
final class StepCheck {
    private StepCheck() {}

    static void check(Step step, Engine engine) {
        EngineLimits limits = engine.limits();
        if (step.numSeqs() < 1 || step.numSeqs() > limits.maxSeqs()) {
            throw new IllegalArgumentException(
                    "a step must have 1 to " + limits.maxSeqs() + " sequences, not " + step.numSeqs());
        }
        if (step.numTokens() > Math.max(limits.chunkTokens(), limits.maxSeqs())) {
            throw new IllegalArgumentException("a step must have at most "
                    + Math.max(limits.chunkTokens(), limits.maxSeqs()) + " tokens, not " + step.numTokens());
        }
        for (int seq = 0; seq < step.numSeqs(); seq++) {
            checkSequence(step, seq, engine);
        }
        int vocab = engine.decoder().vocabSize();
        for (int row = 0; row < step.numTokens(); row++) {
            if (step.id(row) < 0 || step.id(row) >= vocab) {
                throw new IllegalArgumentException("token ids must be 0 to " + (vocab - 1) + ", not " + step.id(row));
            }
        }
    }

    private static void checkSequence(Step step, int seq, Engine engine) {
        step.sequence(seq).requireUsable(engine);
        long after = step.past(seq) + step.count(seq);
        if (after > engine.limits().maxTokens()) {
            throw new IllegalArgumentException("a sequence must have at most "
                    + engine.limits().maxTokens() + " tokens, prompt and answer together, not " + after);
        }
        for (int other = 0; other < seq; other++) {
            if (step.sequence(other) == step.sequence(seq)) {
                throw new IllegalArgumentException(
                        "a sequence must stand once in a step, not in places " + other + " and " + seq);
            }
        }
    }
}
