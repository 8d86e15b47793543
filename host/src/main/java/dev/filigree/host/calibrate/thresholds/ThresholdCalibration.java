package dev.filigree.host.calibrate.thresholds;

import dev.filigree.host.calibrate.data.CalibrationData;
import dev.filigree.host.calibrate.data.CalibrationSample;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.DecoderKernels;
import dev.filigree.host.calibrate.heads.HeadRanking;
import dev.filigree.policies.table.HeadTable;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.stream.LongStream;

/** Finds the thresholds of a model, either way. */
public final class ThresholdCalibration {
    private final DecoderArrays model;
    private final DecoderKernels kernels;
    private final SparseKernels sparse;
    private final XAttentionShape shape;
    private final CalibrationData data;
    private final int numSamples;
    private final StepLog log;
    private final Consumer<String> progress;

    /**
     * A calibration.
     *
     * @param log steps that are known already, and where new ones go
     * @param progress takes one line now and then
     */
    public ThresholdCalibration(
            DecoderArrays model,
            DecoderKernels kernels,
            SparseKernels sparse,
            XAttentionShape shape,
            CalibrationData data,
            int numSamples,
            StepLog log,
            Consumer<String> progress) {
        this.model = model;
        this.kernels = kernels;
        this.sparse = sparse;
        this.shape = shape;
        this.data = data;
        this.numSamples = numSamples;
        this.log = log;
        this.progress = progress;
    }

    /** The maintainers' profile, {@code [numLayers, numQoHeads]}. */
    public HeadTable profile() {
        ThresholdProfile profile = new ThresholdProfile(model, kernels, sparse, shape, data.maxTokens());
        int heads = model.numLayers() * model.geometry().numQoHeads();
        for (int i = 0; i < numSamples; i++) {
            long number = i;
            profile.add(log.next(heads, () -> profile.of(data.sample(number))));
            progress.accept("profile: sample " + (i + 1) + " of " + numSamples);
        }
        return table(profile.thresholds());
    }

    /**
     * The paper's dynamic program, {@code [numLayers, numQoHeads]}.
     *
     * @param start where every head starts
     * @param maxSteps steps down, all heads together
     * @param maxError relative squared output error that is accepted
     */
    public HeadTable search(float start, int maxSteps, double maxError) {
        List<CalibrationSample> samples =
                LongStream.range(0, numSamples).mapToObj(data::sample).toList();
        int heads = model.numLayers() * model.geometry().numQoHeads();
        ThresholdMetric metric = new OutputErrorMetric(model, kernels, sparse, samples);
        ThresholdSearch search = new ThresholdSearch(
                thresholds -> log.next(1, () -> new double[] {metric.score(thresholds)})[0], heads, maxSteps);
        List<ThresholdSearch.State> states =
                search.run(start, head -> progress.accept("search: head " + (head + 1) + " of " + heads));
        ThresholdSearch.State chosen = ThresholdSearch.choose(states, -maxError);
        progress.accept(String.format(
                Locale.ROOT, "search: %d of %d steps, output error %.6f", chosen.steps(), maxSteps, -chosen.score()));
        double[] values = new double[heads];
        for (int i = 0; i < heads; i++) {
            values[i] = chosen.thresholds()[i];
        }
        return table(values);
    }

    private HeadTable table(double[] values) {
        return HeadRanking.table(model.numLayers(), model.geometry().numQoHeads(), values);
    }
}
