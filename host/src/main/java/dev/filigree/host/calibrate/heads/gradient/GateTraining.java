package dev.filigree.host.calibrate.heads.gradient;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.host.calibrate.data.CalibrationData;
import dev.filigree.host.calibrate.data.CalibrationSample;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.DecoderKernels;
import java.util.HashMap;
import java.util.Map;

/**
 * Trains the gates of one model: per step one sample, its loss and gradient, one optimiser step. A run is a function of its
 * settings and data alone and goes on from any state as if it had not stopped.
 */
public final class GateTraining {
    private final Settings settings;
    private final CalibrationData data;
    private final int numLayers;
    private final Teacher teacher;
    private final Student student;
    private final GateSchedule schedule;
    private final GateLoss loss;
    private final Map<Long, Teacher.Lesson> lessons = new HashMap<>();
    private GateOptimizer optimizer;

    /**
     * How to train.
     *
     * @param pattern what a streaming head sees
     * @param numSteps optimiser steps
     * @param peakRate highest learning rate
     * @param penalty weight of the L1 term
     * @param numSamples different samples; with fewer than steps the teacher runs once for each and is remembered
     */
    public record Settings(
            HeadPattern.Streaming pattern, int numSteps, double peakRate, double penalty, int numSamples) {

        /** Checks the counts. */
        public Settings {
            if (numSteps < 1 || numSamples < 1 || !(peakRate > 0) || !(penalty >= 0)) {
                throw new IllegalArgumentException(
                        "training needs at least 1 step and 1 sample, a rate above 0 and a penalty of 0 or more, not "
                                + numSteps + ", " + numSamples + ", " + peakRate + " and " + penalty);
            }
        }
    }

    /**
     * What a step did.
     *
     * @param step steps done
     * @param loss distillation loss before the step
     * @param penalty L1 term before the step
     */
    public record Progress(int step, double loss, double penalty) {}

    /** A run from the start: every gate at 1. */
    public GateTraining(DecoderArrays model, DecoderKernels kernels, CalibrationData data, Settings settings) {
        this.settings = settings;
        this.data = data;
        this.numLayers = model.numLayers();
        this.teacher = new Teacher(model, kernels);
        this.student = new Student(model, kernels, settings.pattern());
        this.schedule = new GateSchedule(settings.peakRate(), settings.numSteps());
        this.loss = new GateLoss(settings.penalty());
        this.optimizer = GateOptimizer.start(numLayers * model.geometry().numKvHeads());
    }

    /** Goes on from a state of a run with the same settings. */
    public void resume(GateOptimizer.State state) {
        optimizer = GateOptimizer.resume(state);
    }

    /** Whether all steps are done. */
    public boolean done() {
        return optimizer.step() >= settings.numSteps();
    }

    /** What {@link #resume} needs. */
    public GateOptimizer.State state() {
        return optimizer.state();
    }

    /** One step. */
    public Progress step() {
        int step = optimizer.step();
        double[] alpha = optimizer.clamp();
        Student.Result result = student.gradient(lesson(step % settings.numSamples()), alpha);
        optimizer.update(loss.withPenalty(result.gradient(), alpha), schedule.rate(step));
        return new Progress(step + 1, result.loss(), loss.penalty(alpha));
    }

    private Teacher.Lesson lesson(long index) {
        Teacher.Lesson known = lessons.get(index);
        if (known != null) {
            return known;
        }
        CalibrationSample sample = data.sample(index);
        Teacher.Lesson lesson = teacher.teach(
                sample, StudentRows.truncated(numLayers, sample.firstLabel(), sample.numTokens(), settings.pattern()));
        if (settings.numSamples() < settings.numSteps()) {
            lessons.put(index, lesson);
        }
        return lesson;
    }
}
