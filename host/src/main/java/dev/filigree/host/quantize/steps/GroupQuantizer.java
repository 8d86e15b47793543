package dev.filigree.host.quantize.steps;

import dev.filigree.api.tensor.Codes;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.quantize.GroupReport;
import dev.filigree.host.quantize.QuantizeRecipe;
import dev.filigree.host.quantize.QuantizedWeights;
import dev.filigree.host.quantize.Scheme;
import dev.filigree.host.quantize.grid.GroupGrid;
import dev.filigree.host.quantize.grid.Rounding;
import dev.filigree.host.quantize.math.LowRank;
import dev.filigree.host.quantize.math.RandomizedSvd;
import dev.filigree.host.quantize.math.SvdChoice;
import dev.filigree.host.quantize.math.TruncatedSvd;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Quantizes one group: smoothing search, low-rank split, refinement, rounding (SVDQuant section 4). The objective is the
 * output error of the group's own layers on the deciding inputs, activations quantized; the original judges query, key and
 * value by the attention behind them.
 */
public final class GroupQuantizer {
    /** Refinements without a better result before it stops. */
    private static final int PATIENCE = 3;
    /** NVFP4 activations have no tensor scale: the smoothing leaves them this part of the range of e4m3 scales. */
    private static final float NVFP4_HEADROOM = 4;

    private final GroupData data;
    private final QuantizeRecipe recipe;
    private final Splitter splitter;
    private final Scorer scorer;
    private final TruncatedSvd svd;
    private final Map<String, Double> errors = new LinkedHashMap<>();
    private final Map<String, Double> seconds = new LinkedHashMap<>();
    private final SmoothingSearch search;
    private SmoothingSearch.Exponents chosen = new SmoothingSearch.Exponents(0, 0);
    private double[] singularBefore = {};
    private double[] singularAfter = {};
    private String svdName = "none";
    private int iterations;

    /** A quantizer of one group. */
    public GroupQuantizer(GroupData data, QuantizeRecipe recipe) {
        this.data = data;
        this.recipe = recipe;
        splitter = new Splitter(data);
        scorer = new Scorer(data, splitter, recipe.scheme());
        search = new SmoothingSearch(data.deciding.x, data.weight, data.inFeatures);
        svd = SvdChoice.exactIfCheap(data.products, data.outFeatures, data.inFeatures, recipe.seed());
    }

    /** A quantized group. */
    public record Result(List<QuantizedWeights> weights, GroupReport report) {}

    /** Does all steps. */
    public Result run() {
        int rank = Math.min(recipe.rankOf(data.group), Math.min(data.outFeatures, data.inFeatures));
        long start = System.nanoTime();
        float[] plain = stored(SmoothingSearch.ones(data.inFeatures));
        step("plain", start, unbranched(plain));
        start = System.nanoTime();
        float[] smooth = recipe.smoothing() == QuantizeRecipe.Smoothing.NONE ? plain : search(rank);
        Split split = unbranched(smooth);
        step("smoothing", start, split);
        start = System.nanoTime();
        if (rank > 0) {
            split = lowRank(smooth, rank);
            step("low rank", start, split);
            start = System.nanoTime();
            if (recipe.iterations() > 1) {
                split = refine(split, rank);
                step("refinement", start, split);
            }
        }
        return finish(split);
    }

    private Split unbranched(float[] smooth) {
        return new Split(smooth, 0, new float[0], new float[0]);
    }

    private void step(String name, long start, Split split) {
        seconds.put(name, (System.nanoTime() - start) * 1e-9);
        errors.put(name, error(split, true));
    }

    private double error(Split split, boolean measuring) {
        float[] residual = residual(split);
        double[] shift = splitter.shiftOutputs(split, residual);
        return scorer.error(split, rounded(residual), shift, measuring);
    }

    private float[] residual(Split split) {
        return data.profile.of("subtract branch", () -> splitter.residual(split));
    }

    private float[] rounded(float[] residual) {
        return data.profile.of(
                "round weights", () -> new GroupGrid(recipe.scheme(), data.group, residual).round(residual));
    }

    private LowRank decompose(TruncatedSvd how, float[] matrix, int rank) {
        return data.profile.of("decompose", () -> how.decompose(matrix, data.outFeatures, data.inFeatures, rank));
    }

    /** The candidate of least error; of equal ones the later, as in the original. */
    private float[] search(int rank) {
        RandomizedSvd quick = new RandomizedSvd(data.products, 2, recipe.seed());
        double best = Double.POSITIVE_INFINITY;
        float[] smooth = SmoothingSearch.ones(data.inFeatures);
        for (SmoothingSearch.Exponents candidate : SmoothingSearch.candidates(recipe.smoothing(), recipe.grids())) {
            float[] vector = stored(search.vector(candidate));
            Split split = rank == 0 ? unbranched(vector) : splitter.of(vector, quick(quick, vector, rank));
            double error = error(split, false);
            if (error <= best) {
                best = error;
                smooth = vector;
                chosen = candidate;
            }
        }
        return smooth;
    }

    private LowRank quick(RandomizedSvd quick, float[] smooth, int rank) {
        return data.profile.of("decompose", () -> quick.decompose(data.matrix, smooth, rank));
    }

    /** The vector as it is stored, fitted to the range that the activations' scales have. */
    private float[] stored(float[] smooth) {
        if (recipe.scheme() == Scheme.W4A4_NVFP4) {
            float top = 0;
            for (int i = 0; i < smooth.length; i++) {
                top = Math.max(top, search.xSpans()[i] / smooth[i]);
            }
            float target = Codes.E4M3_MAX * Codes.E2M1_MAX / NVFP4_HEADROOM;
            for (int i = 0; i < smooth.length && top > 0; i++) {
                smooth[i] *= top / target;
            }
        }
        return Rounding.all(DType.BF16, smooth);
    }

    private Split lowRank(float[] smooth, int rank) {
        float[] smoothed = residual(unbranched(smooth));
        LowRank factors = decompose(svd, smoothed, rank);
        svdName = svd.name()
                + (Double.isNaN(factors.relativeError())
                        ? ""
                        : ", rest " + String.format(java.util.Locale.ROOT, "%.4f", factors.relativeError()));
        singularAfter = factors.singular();
        RandomizedSvd quick = new RandomizedSvd(data.products, 2, recipe.seed());
        singularBefore =
                quick(quick, SmoothingSearch.ones(data.inFeatures), rank).singular();
        return splitter.of(smooth, factors);
    }

    /** Alternates between the branch and the rounded residual (SVDQuant, released quantizer); keeps the best. */
    private Split refine(Split first, int rank) {
        TruncatedSvd turns = SvdChoice.manyTimes(data.products, data.outFeatures, data.inFeatures, recipe.seed());
        float[] smoothed = residual(unbranched(first.smooth()));
        Split best = first;
        Split current = first;
        double bestError = error(first, false);
        int since = 0;
        for (iterations = 1; iterations < recipe.iterations() && since < PATIENCE; iterations++) {
            float[] rest = rounded(residual(current));
            for (int i = 0; i < rest.length; i++) {
                rest[i] = smoothed[i] - rest[i];
            }
            current = splitter.of(first.smooth(), decompose(turns, rest, rank));
            double error = error(current, false);
            since++;
            if (error <= bestError) {
                bestError = error;
                best = current;
                since = 0;
            }
        }
        return best;
    }

    private Result finish(Split split) {
        float[] residual = residual(split);
        double[] shift = splitter.shiftOutputs(split, residual);
        GroupGrid grid = new GroupGrid(recipe.scheme(), data.group, residual);
        double share = norm(residual) / Math.max(1e-300, norm(splitter.residual(unbranched(split.smooth()))));
        float[] rounded = residual;
        if (recipe.gptq()) {
            long start = System.nanoTime();
            float[] seen = smoothedInputs(split.smooth());
            rounded = data.profile.of("gptq", () -> Gptq.round(residual, seen, data.inFeatures, grid::nearest));
            seconds.put("gptq", (System.nanoTime() - start) * 1e-9);
            errors.put("gptq", scorer.error(split, rounded, shift, true));
        }
        float[] stored = rounded;
        List<QuantizedWeights> weights =
                data.profile.of("pack", () -> new Packer(data).pack(split, grid, stored, shift));
        return new Result(
                weights,
                new GroupReport(
                        data.group.name(),
                        errors,
                        chosen.alpha(),
                        chosen.beta(),
                        iterations,
                        share,
                        svdName,
                        singularBefore,
                        singularAfter,
                        search.xSpans(),
                        search.wSpans(),
                        split.smooth(),
                        seconds,
                        data.profile.seconds()));
    }

    private float[] smoothedInputs(float[] smooth) {
        float[] x = data.decidingInputs.clone();
        for (int i = 0; i < x.length; i++) {
            x[i] = (x[i] + data.group.shift()) / smooth[i % data.inFeatures];
        }
        return x;
    }

    private static double norm(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += (double) value * value;
        }
        return Math.sqrt(sum);
    }
}
