package dev.filigree.host.calibrate.data;

import dev.filigree.host.needle.NeedleMaker;
import dev.filigree.host.needle.NeedlePrompt;
import dev.filigree.host.needle.NeedleTask;
import dev.filigree.host.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * The demo model's own tasks in turn: facts somewhere in a long text and one question at its end. Labels are the positions
 * that predict the answer, the one exception to taking questions whole: here a question is one line of many tokens that
 * need no fact.
 */
public final class NeedleData implements CalibrationData {
    private static final double FIRST_DEPTH = 0.05;
    private static final double LAST_DEPTH = 0.95;

    private final NeedleMaker maker = new NeedleMaker();
    private final Tokenizer tokenizer;
    private final int minTokens;
    private final int maxTokens;
    private final long seed;

    /**
     * Samples of lengths drawn evenly from a range.
     *
     * @param minTokens of the shortest, {@value NeedleMaker#MIN_TOKENS} or more
     * @param maxTokens of the longest
     * @param seed of everything random
     * @throws IllegalArgumentException if the range is empty or outside what prompts can be
     */
    public NeedleData(Tokenizer tokenizer, int minTokens, int maxTokens, long seed) {
        if (minTokens < NeedleMaker.MIN_TOKENS || maxTokens < minTokens || maxTokens > NeedleMaker.MAX_TOKENS) {
            throw new IllegalArgumentException("sample sizes must ascend within " + NeedleMaker.MIN_TOKENS + " to "
                    + NeedleMaker.MAX_TOKENS + ", not " + minTokens + " to " + maxTokens);
        }
        this.tokenizer = tokenizer;
        this.minTokens = minTokens;
        this.maxTokens = maxTokens;
        this.seed = seed;
    }

    @Override
    public CalibrationSample sample(long index) {
        Random random = new Random(seed * 0x9e3779b97f4a7c15L + index);
        NeedleTask[] tasks = NeedleTask.values();
        NeedleTask task = tasks[(int) (index % tasks.length)];
        int size = minTokens + random.nextInt(maxTokens - minTokens + 1);
        double depth = FIRST_DEPTH + (LAST_DEPTH - FIRST_DEPTH) * random.nextDouble();
        NeedlePrompt prompt = maker.make(task, size, depth, random.nextLong());
        int[] asked = tokenizer.encode(prompt.prompt(), true);
        int[] answer = tokenizer.encode(prompt.answer(), false);
        // The last answer token predicts nothing that is asked for, so it is left out.
        int[] tokens = Arrays.copyOf(asked, asked.length + answer.length - 1);
        System.arraycopy(answer, 0, tokens, asked.length, answer.length - 1);
        return new CalibrationSample(
                tokens, IntStream.range(asked.length - 1, tokens.length).toArray());
    }

    @Override
    public int maxTokens() {
        return maxTokens;
    }

    @Override
    public String describe() {
        return "needle tasks of " + minTokens + " to " + maxTokens + " tokens, seed " + seed;
    }
}
