package dev.filigree.host.check;

import dev.filigree.host.engine.Engine;
import dev.filigree.host.engine.StepResults;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Compares an engine with a reference case: logits, argmax, norms of hidden states, greedy continuation. */
public final class ReferenceCheck {
    /** Files round norms to four decimals at best. */
    private static final double NORM_ROUNDING = 5.1e-5;

    private final Engine engine;
    private final int chunk;
    private final double tolerance;
    private final Optional<Decoder> text;

    /** Turns ids into text. */
    @FunctionalInterface
    public interface Decoder {
        /** The text of ids. */
        String decode(int[] ids);
    }

    /**
     * A check.
     *
     * @param engine runs the model
     * @param chunk prompt tokens per step
     * @param tolerance largest accepted distance of a logit, and relative distance of a norm
     * @param text decodes the continuation; absent if the model has no tokenizer
     */
    public ReferenceCheck(Engine engine, int chunk, double tolerance, Optional<Decoder> text) {
        this.engine = engine;
        this.chunk = chunk;
        this.tolerance = tolerance;
        this.text = text;
    }

    /** Runs one case. */
    public CheckResult run(ReferenceCase reference) {
        return run(reference, List.of(reference.idArray()));
    }

    /**
     * Runs one case beside shorter copies of itself.
     *
     * @param reference the case
     * @param batch its ids and prefixes of them, in any order; every position of each is compared
     */
    public CheckResult run(ReferenceCase reference, List<int[]> batch) {
        requireFits(reference);
        Differences differences = new Differences(reference);
        Tracer tracer = new Tracer(engine);
        tracer.prefill(batch, chunk, (sequence, position, results, row) -> differences.see(position, results, row));
        int[] prompt = Arrays.copyOf(reference.idArray(), reference.greedyPrompt());
        int[] drawn = tracer.greedy(prompt, chunk, reference.greedyIds().size());
        return differences.result(drawn);
    }

    private void requireFits(ReferenceCase reference) {
        int vocab = engine.decoder().vocabSize();
        for (List<Double> row : reference.logits().values()) {
            if (row.size() != vocab) {
                throw new ReferenceException("case " + reference.name() + " has " + row.size()
                        + " logits per position; accepted: the model's vocabulary of " + vocab);
            }
        }
        int states = engine.decoder().numLayers() + 2;
        if (reference.norms().stream().anyMatch(norms -> norms.state() >= states)) {
            throw new ReferenceException("case " + reference.name() + " has norms of more states than the " + states
                    + " of the model: the embedding, each layer, the final norm");
        }
    }

    private final class Differences {
        private final ReferenceCase reference;
        private final float[] logits;
        private final float[] state;
        private final List<String> problems = new ArrayList<>();
        private double maxLogit;
        private double maxNorm;
        private int wrongArgmax;

        Differences(ReferenceCase reference) {
            this.reference = reference;
            logits = new float[engine.decoder().vocabSize()];
            state = new float[engine.decoder().hiddenSize()];
        }

        void see(int position, StepResults results, int row) {
            results.logits(row, logits);
            List<Double> expected = reference.logits().get(position);
            if (expected != null) {
                compareLogits(position, expected);
            }
            Integer best = reference.argmax().get(position);
            if (best != null && argmax() != best) {
                wrongArgmax++;
                problems.add("position " + position + ": argmax is " + argmax() + ", the reference says " + best);
            }
            for (ReferenceCase.StateNorms norms : reference.norms()) {
                if (norms.has(position)) {
                    results.state(norms.state(), row, state);
                    compareNorm(position, norms.state(), norms.at(position));
                }
            }
        }

        private void compareLogits(int position, List<Double> expected) {
            double worst = 0;
            for (int i = 0; i < expected.size(); i++) {
                double difference = Math.abs(logits[i] - expected.get(i));
                // a NaN compares with nothing, and must not pass for small
                worst = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : Math.max(worst, difference);
            }
            maxLogit = Math.max(maxLogit, worst);
            if (worst > tolerance) {
                problems.add("position " + position + ": logits differ by " + worst + ", accepted is " + tolerance);
            }
        }

        private void compareNorm(int position, int index, double expected) {
            double sum = 0;
            for (float x : state) {
                sum += (double) x * x;
            }
            double distance = Math.abs(Math.sqrt(sum) - expected);
            double relative = Double.isNaN(distance) ? Double.POSITIVE_INFINITY : distance / Math.max(1, expected);
            maxNorm = Math.max(maxNorm, relative);
            if (!(distance <= tolerance * Math.max(1, expected) + NORM_ROUNDING)) {
                problems.add("position " + position + ": norm of state " + index + " is " + Math.sqrt(sum)
                        + ", the reference says " + expected);
            }
        }

        private int argmax() {
            int best = 0;
            for (int i = 1; i < logits.length; i++) {
                if (logits[i] > logits[best]) {
                    best = i;
                }
            }
            return best;
        }

        CheckResult result(int[] drawn) {
            int[] expected =
                    reference.greedyIds().stream().mapToInt(Integer::intValue).toArray();
            boolean matches = Arrays.equals(drawn, expected);
            if (!matches) {
                problems.add("greedy decoding gives " + Arrays.toString(drawn) + ", the reference says "
                        + reference.greedyIds());
            }
            if (text.isPresent() && reference.greedyText().isPresent()) {
                String ours = text.get().decode(drawn);
                if (!ours.equals(reference.greedyText().get())) {
                    matches = false;
                    problems.add("greedy text is \"" + ours + "\", the reference says \""
                            + reference.greedyText().get() + "\"");
                }
            }
            return new CheckResult(reference.name(), maxLogit, maxNorm, wrongArgmax, matches, problems);
        }
    }
}
