package dev.filigree.host.calibrate.heads;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.host.calibrate.data.CalibrationData;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.DecoderKernels;
import dev.filigree.host.calibrate.heads.gradient.GateTraining;
import dev.filigree.host.calibrate.heads.gradient.StateFile;
import dev.filigree.host.calibrate.heads.score.DeviationScore;
import dev.filigree.host.calibrate.heads.score.DistantMassScore;
import dev.filigree.host.calibrate.heads.score.HeadScore;
import dev.filigree.host.calibrate.heads.score.KnockoutScore;
import dev.filigree.host.calibrate.heads.score.MeanRotationScore;
import dev.filigree.policies.table.HeadTable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Finds the retrieval heads of a model by one method. */
public final class HeadCalibration {
    private static final int CHECKPOINT_STEPS = 25;

    private final DecoderArrays model;
    private final DecoderKernels kernels;
    private final CalibrationData data;
    private final GateTraining.Settings settings;
    private final Consumer<String> progress;

    /**
     * A calibration.
     *
     * @param settings pattern and number of samples for every method, the rest for training
     * @param progress takes one line now and then
     */
    public HeadCalibration(
            DecoderArrays model,
            DecoderKernels kernels,
            CalibrationData data,
            GateTraining.Settings settings,
            Consumer<String> progress) {
        this.model = model;
        this.kernels = kernels;
        this.data = data;
        this.settings = settings;
        this.progress = progress;
    }

    /**
     * Runs one method.
     *
     * @param state where training keeps its state to go on from, if it should
     */
    public HeadReport run(HeadMethod method, Optional<Path> state) {
        long start = System.nanoTime();
        List<GateTraining.Progress> history = new ArrayList<>();
        double[] scores = method == HeadMethod.GRADIENT ? train(state, history) : score(method);
        HeadTable secondary = method == HeadMethod.GRADIENT ? table(score(HeadMethod.DEVIATION)) : table(scores);
        return new HeadReport(
                method,
                settings,
                data.describe(),
                table(scores),
                secondary,
                history,
                (System.nanoTime() - start) / 1e9);
    }

    private double[] train(Optional<Path> path, List<GateTraining.Progress> history) {
        GateTraining training = new GateTraining(model, kernels, data, settings);
        Optional<StateFile> file = path.map(p -> new StateFile(p, settings + " on " + data.describe()));
        if (file.isPresent() && Files.exists(path.orElseThrow())) {
            training.resume(file.get().read());
            progress.accept("going on from step " + training.state().step() + " of " + path.get());
        }
        long start = System.nanoTime();
        int first = training.state().step();
        while (!training.done()) {
            GateTraining.Progress step = training.step();
            history.add(step);
            if (step.step() % CHECKPOINT_STEPS == 0 || training.done()) {
                file.ifPresent(f -> f.write(training.state()));
                double perStep = (System.nanoTime() - start) / 1e9 / (step.step() - first);
                progress.accept(String.format(
                        java.util.Locale.ROOT,
                        "step %d of %d: loss %.6f, L1 %.4f, %.2f s a step",
                        step.step(),
                        settings.numSteps(),
                        step.loss(),
                        step.penalty(),
                        perStep));
            }
        }
        return widen(training.state().gates());
    }

    private double[] score(HeadMethod method) {
        HeadScore score = scorer(method);
        for (int i = 0; i < settings.numSamples(); i++) {
            score.add(data.sample(i));
            progress.accept(method.id() + ": sample " + (i + 1) + " of " + settings.numSamples());
        }
        return score.scores();
    }

    private HeadScore scorer(HeadMethod method) {
        HeadPattern.Streaming pattern = settings.pattern();
        return switch (method) {
            case MASS -> new DistantMassScore(model, kernels, pattern);
            case DEVIATION -> new DeviationScore(model, kernels, pattern);
            case KNOCKOUT -> new KnockoutScore(model, kernels, pattern);
            case ROTATION -> new MeanRotationScore(model, kernels);
            case GRADIENT -> throw new IllegalArgumentException("gates are trained, not scored");
        };
    }

    private HeadTable table(double[] scores) {
        return HeadRanking.table(model.numLayers(), model.geometry().numKvHeads(), scores);
    }

    private static double[] widen(float[] values) {
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }
}
