package dev.filigree.host.calibrate.heads.gradient;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.host.calibrate.decoder.BandBackward;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.DecoderKernels;
import dev.filigree.host.calibrate.decoder.DenseDecoder;
import dev.filigree.host.calibrate.decoder.LayerPass;
import dev.filigree.host.calibrate.decoder.LayerTrace;
import dev.filigree.host.calibrate.decoder.RmsNormMath;
import dev.filigree.host.calibrate.decoder.Rows;
import java.util.ArrayList;
import java.util.List;

/**
 * The decoder with gated heads: head h of KV head g puts out {@code alpha[g] F[h] + (1 - alpha[g]) S[h]}, F the teacher's
 * dense output and S streaming attention over the student's own queries, keys and values. The loss is the mean over
 * labelled positions of the mean squared difference of hidden states after the final norm (DuoAttention equation 3, as
 * means).
 */
public final class Student {
    private final DecoderArrays model;
    private final DecoderKernels kernels;
    private final HeadPattern.Streaming pattern;
    private final DenseDecoder decoder;

    /** A student whose streaming heads see {@code pattern}. */
    public Student(DecoderArrays model, DecoderKernels kernels, HeadPattern.Streaming pattern) {
        this.model = model;
        this.kernels = kernels;
        this.pattern = pattern;
        this.decoder = new DenseDecoder(model, kernels);
    }

    /**
     * Loss and gradient.
     *
     * @param loss distillation loss, without the L1 term
     * @param gradient {@code [numLayers, numKvHeads]}: its derivative by every gate; empty if not asked for
     */
    @SuppressWarnings("ArrayRecordComponent") // Compared never.
    public record Result(double loss, double[] gradient) {}

    /** What the forward pass of one layer leaves for the backward pass. */
    @SuppressWarnings("ArrayRecordComponent") // Compared never.
    private record Step(LayerPass pass, LayerTrace trace, double[] streaming, double[] lse) {}

    /** Loss alone. */
    public double loss(Teacher.Lesson lesson, double[] alpha) {
        return distance(lesson, forward(lesson, alpha, new ArrayList<>())).loss();
    }

    /**
     * Loss and its gradient by every gate.
     *
     * @param alpha {@code [numLayers, numKvHeads]}
     */
    public Result gradient(Teacher.Lesson lesson, double[] alpha) {
        List<Step> steps = new ArrayList<>();
        Distance distance = distance(lesson, forward(lesson, alpha, steps));
        double[] gradient = new double[alpha.length];
        double[] dx = distance.dx();
        for (int l = model.numLayers() - 1; l >= 0; l--) {
            Step step = steps.remove(l);
            double[] dAttn = step.pass().finishBackward(step.trace(), dx);
            gateGradient(lesson.full().get(l), step, dAttn, alpha, l, gradient);
            if (l > 0) {
                BandBackward.Gradients d = new BandBackward(model, pattern).run(step.trace(), step.lse(), dAttn);
                dx = step.pass().projectBackward(step.trace(), dx, d.dq(), d.dk(), d.dv());
            }
        }
        return new Result(distance.loss(), gradient);
    }

    private double[] forward(Teacher.Lesson lesson, double[] alpha, List<Step> steps) {
        double[] x = decoder.embed(lesson.sample().tokens(), lesson.rows().in().getFirst());
        for (int l = 0; l < model.numLayers(); l++) {
            LayerPass pass = new LayerPass(model, l, kernels);
            LayerTrace trace = pass.project(
                    x, lesson.rows().in().get(l), lesson.rows().out().get(l));
            double[] lse = new double[trace.out().count() * model.geometry().numQoHeads()];
            double[] streaming = streaming(trace, lse);
            x = pass.finish(trace, mix(lesson.full().get(l), streaming, alpha, l));
            steps.add(new Step(pass, trace, streaming, lse));
        }
        return x;
    }

    /** Sink rows and the rows after the gap are two calls, for queries of a call stand side by side. */
    private double[] streaming(LayerTrace trace, double[] lse) {
        Rows out = trace.out();
        int heads = model.geometry().numQoHeads();
        if (out.sink() == 0) {
            return kernels.streaming(
                    pattern,
                    trace.q(),
                    out.count(),
                    out.start(),
                    trace.k(),
                    trace.v(),
                    trace.in().positions(),
                    lse);
        }
        double[] attn = new double[trace.q().length];
        int[] sinkPositions = Rows.all(out.sink()).positions();
        double[] sinkLse = new double[out.sink() * heads];
        double[] sinkQ = java.util.Arrays.copyOf(trace.q(), out.sink() * model.qWidth());
        double[] part = kernels.streaming(pattern, sinkQ, out.sink(), 0, trace.k(), trace.v(), sinkPositions, sinkLse);
        System.arraycopy(part, 0, attn, 0, part.length);
        System.arraycopy(sinkLse, 0, lse, 0, sinkLse.length);
        int rest = out.count() - out.sink();
        double[] restQ = java.util.Arrays.copyOfRange(trace.q(), part.length, trace.q().length);
        double[] restLse = new double[rest * heads];
        double[] tail = kernels.streaming(
                pattern,
                restQ,
                rest,
                out.start(),
                trace.k(),
                trace.v(),
                trace.in().positions(),
                restLse);
        System.arraycopy(tail, 0, attn, part.length, tail.length);
        System.arraycopy(restLse, 0, lse, sinkLse.length, restLse.length);
        return attn;
    }

    private double[] mix(double[] full, double[] streaming, double[] alpha, int layer) {
        double[] mixed = new double[full.length];
        int group = model.geometry().groupSize() * model.headDim();
        for (int i = 0; i < full.length; i++) {
            double a = alpha[layer * model.geometry().numKvHeads() + i % model.qWidth() / group];
            mixed[i] = a * full[i] + (1 - a) * streaming[i];
        }
        return mixed;
    }

    /** Adds {@code <U, F - S>} per KV head and turns U into the gradient of S. */
    private void gateGradient(double[] full, Step step, double[] dAttn, double[] alpha, int layer, double[] gradient) {
        int group = model.geometry().groupSize() * model.headDim();
        for (int i = 0; i < full.length; i++) {
            int gate = layer * model.geometry().numKvHeads() + i % model.qWidth() / group;
            gradient[gate] += dAttn[i] * (full[i] - step.streaming()[i]);
            dAttn[i] *= 1 - alpha[gate];
        }
    }

    /** Loss, and its gradient by the last layer's output. */
    @SuppressWarnings("ArrayRecordComponent") // Compared never.
    private record Distance(double loss, double[] dx) {}

    private Distance distance(Teacher.Lesson lesson, double[] x) {
        Rows out = lesson.rows().out().getLast();
        int hidden = model.hidden();
        int[] labels = lesson.sample().labels();
        double[] r = new double[out.count()];
        double[] y = decoder.finalNorm(x, r);
        double[] dy = new double[y.length];
        double sum = 0;
        double unit = 1.0 / ((double) labels.length * hidden);
        for (int i = 0; i < labels.length; i++) {
            int row = out.row(labels[i]);
            for (int c = 0; c < hidden; c++) {
                double difference = y[row * hidden + c] - lesson.hidden()[i * hidden + c];
                sum += difference * difference * unit;
                dy[row * hidden + c] = 2 * difference * unit;
            }
        }
        double[] dx = new double[x.length];
        RmsNormMath.backward(dy, x, r, r.length, model.finalNorm(), dx);
        return new Distance(sum, dx);
    }
}
