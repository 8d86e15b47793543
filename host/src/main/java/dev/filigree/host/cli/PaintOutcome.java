package dev.filigree.host.cli;

import dev.filigree.host.picture.Picture;
import dev.filigree.policies.config.RunConfig;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The pictures of one config.
 *
 * @param config what ran
 * @param backend the backend and why
 * @param attentionSteps steps that each attention policy planned
 * @param linearSchemes how the blocks' linear layers are stored
 * @param weightBytes of all weights in use
 * @param openNanos time to open the model
 * @param paintNanos time for all pictures
 * @param pictures one per caption
 */
record PaintOutcome(
        RunConfig config,
        String backend,
        Map<String, Integer> attentionSteps,
        Set<String> linearSchemes,
        long weightBytes,
        long openNanos,
        long paintNanos,
        List<Picture> pictures) {}
