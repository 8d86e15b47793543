package dev.filigree.host.calibrate.heads.score;

import dev.filigree.host.calibrate.data.CalibrationSample;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.DecoderKernels;
import dev.filigree.host.calibrate.decoder.DenseDecoder;
import dev.filigree.host.calibrate.decoder.LayerTrace;
import dev.filigree.host.calibrate.decoder.Rows;

/**
 * How far back a head looks by position alone: the mean query and the mean key before rotation, put at {@value
 * #NUM_POSITIONS} positions and rotated; the score is the mean over positions of the cumulative attention of the last one.
 * Mass on early positions gives a high score. It is the on-the-fly statistic of the kvpress library.
 */
public final class MeanRotationScore implements HeadScore {
    private static final int NUM_POSITIONS = 500;

    private final DecoderArrays model;
    private final DenseDecoder decoder;
    private final MeanTable table;

    /** A score for one model. */
    public MeanRotationScore(DecoderArrays model, DecoderKernels kernels) {
        this.model = model;
        this.decoder = new DenseDecoder(model, kernels);
        this.table = new MeanTable(model.numLayers(), model.geometry().numKvHeads());
    }

    @Override
    public void add(CalibrationSample sample) {
        double[] x = decoder.embed(sample.tokens(), Rows.all(sample.numTokens()));
        decoder.run(x, sample.numTokens(), 0, (layer, trace, attn, lse) -> addLayer(layer, trace));
        table.endSample();
    }

    private void addLayer(int layer, LayerTrace trace) {
        int heads = model.geometry().numQoHeads();
        int group = model.geometry().groupSize();
        double[] q = mean(trace.unrotatedQ(), model.qWidth());
        double[] k = mean(trace.unrotatedK(), model.kvWidth());
        for (int h = 0; h < heads; h++) {
            double area = area(q, h * model.headDim(), k, h / group * model.headDim());
            table.add(layer, h / group, area / group);
        }
    }

    private double area(double[] q, int qAt, double[] k, int kAt) {
        int d = model.headDim();
        double[] query = java.util.Arrays.copyOfRange(q, qAt, qAt + d);
        model.rotary().table(new int[] {NUM_POSITIONS - 1}).rotate(query, 1, 1, d, 0);
        double[] keys = new double[NUM_POSITIONS * d];
        for (int j = 0; j < NUM_POSITIONS; j++) {
            System.arraycopy(k, kAt, keys, j * d, d);
        }
        model.rotary().table(Rows.all(NUM_POSITIONS).positions()).rotate(keys, NUM_POSITIONS, 1, d, 0);
        double[] weights = new double[NUM_POSITIONS];
        double largest = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < NUM_POSITIONS; j++) {
            double z = 0;
            for (int c = 0; c < d; c++) {
                z += query[c] * keys[j * d + c];
            }
            weights[j] = z * model.scale();
            largest = Math.max(largest, weights[j]);
        }
        double total = 0;
        double cumulative = 0;
        for (int j = 0; j < NUM_POSITIONS; j++) {
            double p = Math.exp(weights[j] - largest);
            total += p;
            // A position's mass stands in the cumulative sums of itself and all later ones.
            cumulative += p * (NUM_POSITIONS - j);
        }
        return cumulative / total / NUM_POSITIONS;
    }

    private static double[] mean(double[] rows, int width) {
        double[] mean = new double[width];
        int count = rows.length / width;
        for (int i = 0; i < rows.length; i++) {
            mean[i % width] += rows[i] / count;
        }
        return mean;
    }

    @Override
    public double[] scores() {
        return table.means();
    }
}
