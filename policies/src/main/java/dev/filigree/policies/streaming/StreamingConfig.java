package dev.filigree.policies.streaming;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.kvcache.HeadNeed;
import java.util.OptionalInt;

/**
 * The windows of streaming heads.
 *
 * @param sink tokens from the start of the sequence, 0 or more
 * @param recent tokens up to and including the query's own, 1 or more
 */
public record StreamingConfig(int sink, int recent) {

    /** Checks both windows. */
    public StreamingConfig {
        if (sink < 0 || recent < 1) {
            throw new IllegalArgumentException(
                    "streaming needs sink >= 0 and recent >= 1, not " + sink + " and " + recent);
        }
    }

    /** What a streaming head sees in a layer; the model's own window is never exceeded, by the sink neither. */
    public HeadPattern.Streaming pattern(OptionalInt window) {
        return window.isPresent()
                ? new HeadPattern.Streaming(0, Math.min(recent, window.getAsInt()))
                : new HeadPattern.Streaming(sink, recent);
    }

    /** What the cache keeps for that. */
    public HeadNeed need(OptionalInt window) {
        HeadPattern.Streaming pattern = pattern(window);
        return HeadNeed.window(pattern.sink(), pattern.recent());
    }
}
