package dev.filigree.host;

/**
 * One prompt of a batch.
 *
 * @param prompt the text
 * @param options how its answer is produced
 * @param listener hears of its answer
 */
public record GenerationRequest(String prompt, GenerationOptions options, GenerationListener listener) {}
