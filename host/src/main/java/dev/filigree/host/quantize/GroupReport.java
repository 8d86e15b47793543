package dev.filigree.host.quantize;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What quantizing a group did.
 *
 * @param group its name
 * @param errors relative output error on inputs that decided nothing, after each step, by the step's name
 * @param alpha of the chosen smoothing
 * @param beta of the chosen smoothing
 * @param iterations of the refinement that were run
 * @param residual norm of the residual over that of the smoothed weight
 * @param svd what decomposed, with its error if it is approximate
 * @param singularBefore largest singular values of the weight
 * @param singularAfter largest singular values of the smoothed weight
 * @param xSpans largest magnitude of every input channel
 * @param wSpans largest magnitude of every weight column
 * @param smooth the smoothing vector
 * @param seconds spent on each step
 * @param profile seconds spent by kind of work, the most first
 */
@SuppressWarnings("ArrayRecordComponent") // drawn once and compared never
public record GroupReport(
        String group,
        Map<String, Double> errors,
        double alpha,
        double beta,
        int iterations,
        double residual,
        String svd,
        double[] singularBefore,
        double[] singularAfter,
        float[] xSpans,
        float[] wSpans,
        float[] smooth,
        Map<String, Double> seconds,
        Map<String, Double> profile) {

    /** Names of the steps, in order. */
    public static final List<String> STEPS = List.of("plain", "smoothing", "low rank", "refinement", "gptq");

    /** Copies the tables. */
    public GroupReport {
        errors = new LinkedHashMap<>(errors);
        seconds = new LinkedHashMap<>(seconds);
        profile = new LinkedHashMap<>(profile);
    }

    /** The error of what is stored. */
    public double finalError() {
        return errors.values().stream().reduce((a, b) -> b).orElse(Double.NaN);
    }
}
