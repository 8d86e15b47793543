package dev.filigree.host.quantize.steps;

import dev.filigree.host.quantize.Scheme;
import dev.filigree.host.quantize.grid.ActivationGrid;
import dev.filigree.host.quantize.math.Operand;

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
        float[] codes = activations.round(rows.x, data.inFeatures, split.smooth());
        float[] branch = splitter.branchOutputs(split, rows);
        double sum = 0;
        try (Operand x = data.products.load(codes, rows.operand.rows(), data.inFeatures);
                Operand w = data.products.load(rounded, data.outFeatures, data.inFeatures)) {
            float[] product = data.products.times(x, w);
            for (int i = 0; i < product.length; i++) {
                double difference = product[i] - shiftOutputs[i % data.outFeatures] + branch[i] - rows.y[i];
                sum += difference * difference;
            }
        }
        return rows.square == 0 ? Math.sqrt(sum) : Math.sqrt(sum / rows.square);
    }
}
