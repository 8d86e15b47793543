package dev.filigree.host.check;

import dev.filigree.api.attention.Phase;
import dev.filigree.host.decoder.DecoderOutputs;
import dev.filigree.host.engine.Closer;
import dev.filigree.host.engine.Engine;
import dev.filigree.host.engine.Sampling;
import dev.filigree.host.engine.Sequence;
import dev.filigree.host.engine.Step;
import dev.filigree.host.engine.StepResults;
import java.util.ArrayList;
import java.util.List;

/** Runs token ids through an engine and shows every position. */
public final class Tracer {
    private final Engine engine;

    /** Sees one position. */
    @FunctionalInterface
    public interface Visitor {
        /**
         * One position of one sequence.
         *
         * @param sequence its place in the batch
         * @param position of the token
         * @param results of the step
         * @param row of the token in the step
         */
        void visit(int sequence, int position, StepResults results, int row);
    }

    /** A tracer of an open engine. */
    public Tracer(Engine engine) {
        this.engine = engine;
    }

    /**
     * Prefills sequences side by side and shows every position.
     *
     * @param prompts ids of each, one or more; they need not be equally long
     * @param chunk tokens of each sequence per step
     * @param visitor sees every position once, in order within a sequence
     */
    public void prefill(List<int[]> prompts, int chunk, Visitor visitor) {
        int longest = prompts.stream().mapToInt(ids -> ids.length).max().orElse(0);
        try (Closer closer = new Closer()) {
            List<Sequence> sequences = new ArrayList<>();
            prompts.forEach(ids -> sequences.add(closer.add(engine.openSequence())));
            Step step = new Step();
            for (int from = 0; from < longest; from += chunk) {
                int start = from;
                step.start(Phase.PREFILL, DecoderOutputs.EVERY_POSITION);
                for (int i = 0; i < sequences.size(); i++) {
                    int count = Math.clamp(prompts.get(i).length - start, 0, chunk);
                    step.add(sequences.get(i), prompts.get(i), count == 0 ? 0 : start, count, Sampling.GREEDY);
                }
                engine.run(step, results -> visit(prompts, start, chunk, results, visitor));
            }
        }
    }

    private static void visit(List<int[]> prompts, int from, int chunk, StepResults results, Visitor visitor) {
        int row = 0;
        for (int sequence = 0; sequence < prompts.size(); sequence++) {
            int count = Math.clamp(prompts.get(sequence).length - from, 0, chunk);
            for (int i = 0; i < count; i++) {
                visitor.visit(sequence, from + i, results, row++);
            }
        }
    }

    /**
     * The likeliest continuation.
     *
     * @param prompt ids to start from
     * @param chunk prompt tokens per step
     * @param numTokens tokens to produce
     */
    public int[] greedy(int[] prompt, int chunk, int numTokens) {
        int[] drawn = new int[numTokens];
        try (Sequence sequence = engine.openSequence()) {
            Step step = new Step();
            for (int from = 0; from < prompt.length; from += chunk) {
                step.start(Phase.PREFILL, DecoderOutputs.NEXT_TOKEN);
                step.add(sequence, prompt, from, Math.min(chunk, prompt.length - from), Sampling.GREEDY);
                engine.run(step, results -> drawn[0] = results.nextToken(0));
            }
            for (int i = 1; i < numTokens; i++) {
                int at = i;
                step.start(Phase.DECODE, DecoderOutputs.NEXT_TOKEN);
                step.add(sequence, drawn, i - 1, 1, Sampling.GREEDY);
                engine.run(step, results -> drawn[at] = results.nextToken(0));
            }
        }
        return drawn;
    }
}
