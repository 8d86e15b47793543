package dev.filigree.host.quantize.steps;

import dev.filigree.host.quantize.Scheme;
import dev.filigree.host.quantize.grid.ActivationGrid;
import java.util.stream.IntStream;

/** Output error of a split whose residual was rounded, the activations quantized: squares over the squares of the exact. */
final class Scorer {
    private final GroupData data;
    private final Splitter splitter;
    private final ActivationGrid activations;

    Scorer(GroupData data, Splitter splitter, Scheme scheme) {
        this.data = data;
        this.splitter = splitter;
        activations = ActivationGrid.of(scheme.activation(), data.group.shift());
    }

    /** The relative error, by norms. */
    double error(Split split, float[] rounded, double[] shiftOutputs, boolean measuring) {
        GroupData.Rows rows = measuring ? data.measuring : data.deciding;
        Profile profile = data.profile;
        float[] codes = profile.of("quantize inputs", () -> activations.round(rows.x, data.inFeatures, split.smooth()));
        float[] branch = profile.of("branch outputs", () -> splitter.branchOutputs(split, rows));
        float[] product = profile.of("outputs", () -> outputs(codes, rounded));
        double sum = profile.of("compare outputs", () -> squares(product, branch, shiftOutputs, rows.y));
        return rows.square == 0 ? Math.sqrt(sum) : Math.sqrt(sum / rows.square);
    }

    private float[] outputs(float[] codes, float[] rounded) {
        return data.products.times(codes, codes.length / data.inFeatures, rounded, data.outFeatures, data.inFeatures);
    }

    /** Row by row, so that the sum does not depend on the number of threads. */
    private double squares(float[] product, float[] branch, double[] shiftOutputs, float[] exact) {
        int columns = data.outFeatures;
        double[] sums = new double[columns == 0 ? 0 : product.length / columns];
        IntStream.range(0, sums.length).parallel().forEach(row -> {
            double sum = 0;
            for (int n = 0; n < columns; n++) {
                int i = row * columns + n;
                double difference = product[i] - shiftOutputs[n] + branch[i] - exact[i];
                sum += difference * difference;
            }
            sums[row] = sum;
        });
        double all = 0;
        for (double sum : sums) {
            all += sum;
        }
        return all;
    }
}
