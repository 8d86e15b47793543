package dev.filigree.host.needle;

/**
 * A prompt and the text that a model must continue it with.
 *
 * @param task what is asked
 * @param numTokens the size asked for, in bytes: prompt, answer and two tokens around them
 * @param depth where the needle stands, 0 at the start and 1 right before the question
 * @param seed of everything random
 * @param prompt ASCII text
 * @param answer ASCII text
 */
public record NeedlePrompt(NeedleTask task, int numTokens, double depth, long seed, String prompt, String answer) {}
