package dev.filigree.policies.duoattention;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.policies.streaming.StreamingConfig;

/**
 * How DuoAttention splits the heads.
 *
 * @param classes which heads are retrieval heads
 * @param windows what streaming heads see; the recent window includes the query's own token, so R cached tokens are
 *     a window of R + 1
 * @param retrieval plans the retrieval heads
 */
public record DuoAttentionConfig(HeadClasses classes, StreamingConfig windows, AttentionPolicy retrieval) {}
