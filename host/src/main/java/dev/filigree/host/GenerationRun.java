package dev.filigree.host;

import dev.filigree.api.attention.Phase;
import dev.filigree.host.engine.Sampling;
import dev.filigree.host.tokenizer.StreamingDecoder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One answer in progress. Its own thread hears of steps and decides when it ends; the scheduler, under its lock, puts it
 * into steps and leaves the news of each.
 */
final class GenerationRun {
    private final Session session;
    private final GenerationOptions options;
    private final GenerationListener listener;
    private final Sampling sampling;
    private final StreamingDecoder decoder;
    private final StringBuilder text = new StringBuilder();
    private final List<Integer> tokens = new ArrayList<>();
    private final int promptTokens;
    private final long finalLength;
    private volatile Generation.@Nullable Finish finish;
    private volatile boolean drawing;
    private volatile @Nullable News news;
    private boolean inStep;
    private boolean late;
    private long prefillNanos;
    private long decodeNanos;

    /** What a step did for this run, or why it failed. */
    private record News(
            Phase phase, int drawn, long nanos, @Nullable Throwable failure) {}

    GenerationRun(Session session, GenerationOptions options, GenerationListener listener) {
        this.session = session;
        this.options = options;
        this.listener = listener;
        sampling = new Sampling((float) options.temperature(), options.topK(), (float) options.topP(), options.seed());
        decoder = session.model().decoder();
        promptTokens = session.numPending();
        if (promptTokens == 0) {
            throw new IllegalArgumentException("an answer needs at least one token to continue, not an empty session");
        }
        session.requireTokensExist();
        finalLength = Math.min(
                session.model().engine().limits().maxTokens(),
                session.numTokens() + Math.max(0L, options.maxTokens() - 1L));
        session.clearCancelled();
        if (options.maxTokens() == 0) {
            finish = Generation.Finish.MAX_TOKENS;
        }
    }

    Session session() {
        return session;
    }

    Sampling sampling() {
        return sampling;
    }

    /** Tokens in the cache when all that may be drawn is drawn; the last one drawn is not read. */
    long finalLength() {
        return finalLength;
    }

    /** Whether prompt tokens are still to be read. */
    boolean isReading() {
        return finish == null && !drawing;
    }

    boolean isRunning() {
        return finish == null;
    }

    /** Whether a step may take it. */
    boolean isReady() {
        return finish == null && news == null && !session.isCancelled();
    }

    boolean isInStep() {
        return inStep;
    }

    boolean hasNews() {
        return news != null;
    }

    boolean isLate() {
        return late;
    }

    void markLate() {
        late = true;
    }

    void enterStep() {
        inStep = true;
        late = false;
    }

    void leaveStep(Phase phase, int drawn, long nanos, @Nullable Throwable failure) {
        inStep = false;
        news = new News(phase, drawn, nanos, failure);
    }

    /** Ends it without a step; its thread hears why. */
    void fail(RuntimeException why) {
        news = new News(Phase.PREFILL, 0, 0, why);
    }

    /** Ends the run where its session was cancelled and no step computes it. */
    boolean endIfCancelled() {
        if (finish == null && session.isCancelled() && !inStep) {
            finish = Generation.Finish.CANCELLED;
        }
        return finish == Generation.Finish.CANCELLED;
    }

    /**
     * Hears the news, on the run's own thread.
     *
     * @return whether there were any
     */
    boolean deliver() {
        News heard = news;
        if (heard == null) {
            return false;
        }
        switch (heard.failure()) {
            case null -> {}
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            case Throwable e -> throw new IllegalStateException(e);
        }
        if (heard.phase() == Phase.PREFILL) {
            prefillNanos += heard.nanos();
            listener.onPrefill(promptTokens - session.numPending(), promptTokens);
        }
        if (session.numPending() == 0) {
            drew(heard.drawn(), heard.nanos());
        }
        if (session.isCancelled() && finish == null) {
            finish = Generation.Finish.CANCELLED;
        }
        news = null;
        return true;
    }

    private void drew(int token, long nanos) {
        if (!tokens.isEmpty()) {
            decodeNanos += nanos;
        }
        tokens.add(token);
        drawing = true;
        boolean eos = options.stopAtEos() && session.model().isEos(token);
        if (eos) {
            finish = Generation.Finish.EOS;
        } else if (tokens.size() == options.maxTokens()) {
            finish = Generation.Finish.MAX_TOKENS;
        } else if (session.numTokens() == session.model().engine().limits().maxTokens()) {
            finish = Generation.Finish.CONTEXT_FULL;
        }
        if (session.numTokens() < session.model().engine().limits().maxTokens()) {
            session.append(token);
        }
        listener.onToken(tokens.size());
        say(decoder.add(token));
    }

    Generation end() {
        say(decoder.finish());
        Generation.Finish why = finish == null ? Generation.Finish.CANCELLED : finish;
        int decoded = Math.max(0, tokens.size() - 1);
        return new Generation(
                text.toString(), tokens, why, new Generation.Timing(promptTokens, prefillNanos, decoded, decodeNanos));
    }

    private void say(String piece) {
        if (!piece.isEmpty()) {
            text.append(piece);
            listener.onText(piece);
        }
    }
}
