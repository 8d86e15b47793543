package dev.filigree.host;

import dev.filigree.host.engine.Sequence;
import java.util.Arrays;
import java.util.List;

/**
 * A conversation: tokens that stay in the cache between answers. Used by one thread at a time, except {@link #cancel}.
 */
public final class Session implements AutoCloseable {
    private final Filigree model;
    private final Sequence sequence;
    private int[] ids = new int[64];
    private int size;
    private volatile boolean cancelled;

    Session(Filigree model, Sequence sequence) {
        this.model = model;
        this.sequence = sequence;
    }

    /** Adds text that the next answer continues; the first text gets the tokenizer's begin-of-text token. */
    public Session append(String text) {
        return append(model.tokenizer().encode(text, size == 0));
    }

    /**
     * Adds tokens that the next answer continues.
     *
     * @throws IllegalArgumentException if the session would be longer than the config allows; nothing is added then
     */
    public Session append(int... tokens) {
        long after = (long) size + tokens.length;
        int limit = model.engine().limits().maxTokens();
        if (after > limit) {
            throw new IllegalArgumentException("a session must have at most " + limit
                    + " tokens (limits.maxContext), not " + after + " with the " + tokens.length + " that are added");
        }
        if (after > ids.length) {
            ids = Arrays.copyOf(ids, (int) Math.max(after, Math.min(limit, 2L * ids.length)));
        }
        System.arraycopy(tokens, 0, ids, size, tokens.length);
        size += tokens.length;
        return this;
    }

    /**
     * Continues what was added.
     *
     * @throws IllegalArgumentException if the session is empty
     * @throws dev.filigree.host.engine.CacheFullException if the cache has no room; the session stays as it is
     * @throws dev.filigree.api.backend.BackendException if the device fails; the session stays usable
     */
    public Generation generate(GenerationOptions options, GenerationListener listener) {
        return model.generate(List.of(new GenerationRun(this, options, listener)))
                .getFirst();
    }

    /** Ends the answer in progress after the current step, from any thread; without one, does nothing. */
    public void cancel() {
        cancelled = true;
    }

    /** Tokens so far, prompts and answers. */
    public int numTokens() {
        return size;
    }

    /** Tokens that the next step has to read. */
    int numPending() {
        return size - (int) sequence.length();
    }

    int[] ids() {
        return ids;
    }

    Sequence sequence() {
        return sequence;
    }

    Filigree model() {
        return model;
    }

    boolean isCancelled() {
        return cancelled;
    }

    void clearCancelled() {
        cancelled = false;
    }

    /** Frees its part of the cache. Idempotent. */
    @Override
    public void close() {
        sequence.close();
    }
}
