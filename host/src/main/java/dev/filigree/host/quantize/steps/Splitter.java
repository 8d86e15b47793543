package dev.filigree.host.quantize.steps;

import dev.filigree.api.tensor.DType;
import dev.filigree.host.quantize.grid.Rounding;
import dev.filigree.host.quantize.math.LowRank;
import dev.filigree.host.quantize.math.Operand;
import java.util.stream.IntStream;

/** Turns factors of the smoothed weight into what is stored, and subtracts them as stored (SVDQuant section 4.2). */
final class Splitter {
    /** How the factors are stored. */
    static final DType FACTORS = DType.BF16;

    private final GroupData data;

    Splitter(GroupData data) {
        this.data = data;
    }

    /** The split of factors of {@code W diag(smooth)}. */
    Split of(float[] smooth, LowRank factors) {
        int rank = factors.rank();
        float[] up = new float[data.outFeatures * rank];
        float[] down = new float[rank * data.inFeatures];
        for (int r = 0; r < rank; r++) {
            for (int n = 0; n < data.outFeatures; n++) {
                up[n * rank + r] = factors.left()[r * data.outFeatures + n];
            }
            for (int k = 0; k < data.inFeatures; k++) {
                down[r * data.inFeatures + k] = factors.right()[r * data.inFeatures + k] / smooth[k];
            }
        }
        return new Split(smooth, rank, Rounding.all(FACTORS, up), Rounding.all(FACTORS, down));
    }

    /** {@code [outFeatures, inFeatures]}: {@code (W - up down) diag(smooth)}, with the factors as stored. */
    float[] residual(Split split) {
        float[] residual = branch(split);
        IntStream.range(0, data.outFeatures).parallel().forEach(n -> {
            int row = n * data.inFeatures;
            for (int k = 0; k < data.inFeatures; k++) {
                residual[row + k] = (data.weight[row + k] - residual[row + k]) * split.smooth()[k];
            }
        });
        return residual;
    }

    private float[] branch(Split split) {
        if (split.rank() == 0) {
            return new float[data.weight.length];
        }
        float[] turned = new float[split.down().length];
        for (int r = 0; r < split.rank(); r++) {
            for (int k = 0; k < data.inFeatures; k++) {
                turned[k * split.rank() + r] = split.down()[r * data.inFeatures + k];
            }
        }
        return data.products.times(split.up(), data.outFeatures, turned, data.inFeatures, split.rank());
    }

    /** What the branch adds to the outputs of some rows. */
    float[] branchOutputs(Split split, GroupData.Rows rows) {
        if (split.rank() == 0) {
            return new float[rows.y.length];
        }
        try (Operand down = data.products.load(split.down(), split.rank(), data.inFeatures)) {
            float[] hidden = data.products.times(rows.operand, down);
            return data.products.times(hidden, rows.operand.rows(), split.up(), data.outFeatures, split.rank());
        }
    }

    /** {@code [outFeatures]}: what the shift adds to the low-bit side, by the unrounded residual. */
    double[] shiftOutputs(Split split, float[] residual) {
        double[] sums = new double[data.outFeatures];
        if (data.group.shift() != 0) {
            IntStream.range(0, data.outFeatures).parallel().forEach(n -> {
                double sum = 0;
                for (int k = 0; k < data.inFeatures; k++) {
                    sum += (double) residual[n * data.inFeatures + k] / split.smooth()[k];
                }
                sums[n] = data.group.shift() * sum;
            });
        }
        return sums;
    }
}
