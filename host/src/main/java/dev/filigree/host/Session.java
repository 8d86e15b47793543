package dev.filigree.host;

import dev.filigree.host.engine.Sequence;
import java.util.Arrays;
import java.util.List;

/**
 * A conversation: tokens that stay in the cache between answers.
 *
 * <p>Threads: a session is used by one thread at a time, except {@link #cancel}; different sessions of a model, forks of
 * one another included, by different threads at the same time. While it gives no answer it may be swapped out to the
 * host ({@code limits.swapBudget}) and comes back by itself, byte for byte.
 */
public final class Session implements AutoCloseable {
    private final Filigree model;
    private final Sequence sequence;
    private int[] ids = new int[64];
    private int size;
    private volatile boolean cancelled;
    private boolean passing;

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
     * @throws IllegalArgumentException if the session is empty, or holds a token that the model does not have
     * @throws QueueFullException if too many requests wait for the model; the session stays as it is
     * @throws dev.filigree.host.engine.CacheFullException if the cache has no room; the session stays as it is
     * @throws dev.filigree.api.backend.BackendException if the device fails; the session stays usable
     */
    public Generation generate(GenerationOptions options, GenerationListener listener) {
        return model.generate(List.of(new GenerationRun(this, options, listener)))
                .getFirst();
    }

    /**
     * A second conversation with the same tokens so far. No page of the cache is copied now; a page is copied when one of
     * the two writes it, so a fork costs as much as is written after it. Both go on as if the other did not exist.
     *
     * @return belongs to the caller, who closes it
     * @throws dev.filigree.host.engine.CacheFullException if as many sessions as the config allows are open; nothing
     *     has changed then
     */
    public Session fork() {
        Session child = new Session(model, sequence.fork());
        child.ids = Arrays.copyOf(ids, ids.length);
        child.size = size;
        return child;
    }

    /**
     * Forgets the last tokens, so that something else can follow the first ones. The next answer goes on as in a session
     * that never had more; it reads tokens again where the cache could not go back to exactly this length, all of
     * them at the most.
     *
     * @param numTokens to keep, from 0 to {@link #numTokens}
     * @throws IllegalArgumentException if there are not so many; nothing has changed then
     * @throws dev.filigree.host.engine.CacheFullException if it was swapped out and cannot come back; nothing has
     *     changed then
     */
    public Session rewind(int numTokens) {
        if (numTokens < 0 || numTokens > size) {
            throw new IllegalArgumentException(
                    "a session of " + size + " tokens can be cut to 0 to that many, not " + numTokens);
        }
        // the last token is read again, since the answer to come is drawn from what it gives
        sequence.rewind(Math.min(sequence.length(), Math.max(0, numTokens - 1)));
        size = numTokens;
        return this;
    }

    /**
     * Ends the answer in progress after the current step, or while it waits for its turn, from any thread; without one,
     * does nothing.
     */
    public void cancel() {
        cancelled = true;
        model.wake();
    }

    /** Tokens so far, prompts and answers. */
    public int numTokens() {
        return size;
    }

    /** Tokens that the next step has to read. */
    int numPending() {
        return size - (int) sequence.length();
    }

    /** Checks what the next step has to read. */
    void requireTokensExist() {
        int vocab = model.engine().decoder().vocabSize();
        for (int i = (int) sequence.length(); i < size; i++) {
            if (ids[i] < 0 || ids[i] >= vocab) {
                throw new IllegalArgumentException("token ids must be 0 to " + (vocab - 1) + ", not " + ids[i]);
            }
        }
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

    /** Marks a session that lives for one answer. */
    Session passing() {
        passing = true;
        return this;
    }

    /** Whether it lives for one answer. */
    boolean isPassing() {
        return passing;
    }
}
