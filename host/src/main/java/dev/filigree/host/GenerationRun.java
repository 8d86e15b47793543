package dev.filigree.host;

import dev.filigree.host.engine.Sampling;
import dev.filigree.host.tokenizer.StreamingDecoder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One answer in progress. */
final class GenerationRun {
    private final Session session;
    private final GenerationOptions options;
    private final GenerationListener listener;
    private final Sampling sampling;
    private final StreamingDecoder decoder;
    private final StringBuilder text = new StringBuilder();
    private final List<Integer> tokens = new ArrayList<>();
    private final int promptTokens;
    private Generation.@Nullable Finish finish;
    private long prefillNanos;
    private long decodeNanos;

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

    /** Whether prompt tokens are still to be read. */
    boolean isReading() {
        return finish == null && tokens.isEmpty();
    }

    boolean isRunning() {
        return finish == null;
    }

    /** Ends the run where its session was cancelled. */
    void checkCancelled() {
        if (finish == null && session.isCancelled()) {
            finish = Generation.Finish.CANCELLED;
        }
    }

    /** A step read part of the prompt. */
    void read(long nanos) {
        prefillNanos += nanos;
        listener.onPrefill(promptTokens - session.numPending(), promptTokens);
    }

    /** A step drew a token. */
    void drew(int token, long nanos) {
        if (!tokens.isEmpty()) {
            decodeNanos += nanos;
        }
        tokens.add(token);
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
