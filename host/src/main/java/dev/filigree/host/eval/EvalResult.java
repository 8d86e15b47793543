package dev.filigree.host.eval;

import dev.filigree.host.needle.NeedleTask;

/**
 * One prompt's outcome under one config.
 *
 * @param config name of the config
 * @param id of the case
 * @param task what was asked
 * @param size tokens asked for
 * @param depth of the needle
 * @param expected the right answer
 * @param answer what came
 * @param promptTokens tokens read
 * @param prefillSeconds until the first answer token
 * @param decodeSeconds for the others
 * @param prefillDensity share of reachable query/key pairs that the prompt's attention was planned to compute
 * @param decodeDensity the same of the last answer token
 * @param kvBytes bytes of the pages that the sequence held
 */
public record EvalResult(
        String config,
        String id,
        NeedleTask task,
        int size,
        double depth,
        String expected,
        String answer,
        int promptTokens,
        double prefillSeconds,
        double decodeSeconds,
        double prefillDensity,
        double decodeDensity,
        long kvBytes) {

    /** Whether the answer is exactly the right one. */
    public boolean exact() {
        return answer.equals(expected);
    }
}
