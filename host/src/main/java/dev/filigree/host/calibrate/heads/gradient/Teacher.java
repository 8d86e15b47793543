package dev.filigree.host.calibrate.heads.gradient;

import dev.filigree.host.calibrate.data.CalibrationSample;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.DecoderKernels;
import dev.filigree.host.calibrate.decoder.DenseDecoder;
import dev.filigree.host.calibrate.decoder.Rows;
import java.util.ArrayList;
import java.util.List;

/** Runs a sample with all heads dense and keeps what the student is held against. */
public final class Teacher {
    private final DecoderArrays model;
    private final DenseDecoder decoder;

    /** A teacher over the given weights. */
    public Teacher(DecoderArrays model, DecoderKernels kernels) {
        this.model = model;
        this.decoder = new DenseDecoder(model, kernels);
    }

    /**
     * What the teacher says about one sample.
     *
     * @param sample the prompt
     * @param rows where the student works
     * @param full per layer {@code [out, numQoHeads, headDim]}: attention outputs of all heads
     * @param hidden {@code [labels, hidden]}: hidden states after the final norm
     */
    @SuppressWarnings("ArrayRecordComponent") // Compared never.
    public record Lesson(CalibrationSample sample, StudentRows rows, List<double[]> full, double[] hidden) {
        /** Copies the list. */
        public Lesson {
            full = List.copyOf(full);
        }
    }

    /** Runs one sample. */
    public Lesson teach(CalibrationSample sample, StudentRows rows) {
        Rows all = Rows.all(sample.numTokens());
        List<double[]> full = new ArrayList<>();
        double[] x = decoder.run(
                decoder.embed(sample.tokens(), all),
                sample.numTokens(),
                0,
                (layer, trace, attn, lse) -> full.add(all.pick(rows.out().get(layer), attn, model.qWidth())));
        return new Lesson(sample, rows, full, labelled(sample, all, x));
    }

    /** Hidden states at the labels after the final norm, out of {@code [all, hidden]}. */
    private double[] labelled(CalibrationSample sample, Rows all, double[] x) {
        int hidden = model.hidden();
        double[] picked = new double[sample.labels().length * hidden];
        for (int i = 0; i < sample.labels().length; i++) {
            System.arraycopy(x, all.row(sample.labels()[i]) * hidden, picked, i * hidden, hidden);
        }
        return decoder.finalNorm(picked, new double[sample.labels().length]);
    }
}
