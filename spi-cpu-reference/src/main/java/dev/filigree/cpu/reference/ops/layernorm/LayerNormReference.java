package dev.filigree.cpu.reference.ops.layernorm;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.LayerNorm;
import dev.filigree.cpu.reference.common.Rows;
import org.jspecify.annotations.Nullable;

/**
 * The definition of {@link LayerNorm}: {@code out = (x - mean) / sqrt(variance + eps) * weight + bias} over the
 * innermost axis.
 */
public final class LayerNormReference implements HostKernel {
    private final LayerNorm op;
    private final HostTensor x;
    private final @Nullable HostTensor weight;
    private final @Nullable HostTensor bias;
    private final HostTensor out;
    private final double[] row;

    /** The kernel of one step. */
    public LayerNormReference(LayerNorm op, HostKernelContext context) {
        this.op = op;
        x = context.tensor(op.x());
        weight = op.weight().isPresent() ? context.tensor(op.weight().get()) : null;
        bias = op.bias().isPresent() ? context.tensor(op.bias().get()) : null;
        out = context.tensor(op.out());
        row = new double[Math.toIntExact(x.rowElements())];
    }

    @Override
    public void run() {
        int n = Math.toIntExact(x.extent(x.decl().rank() - 1));
        for (long t = 0; t < x.extent(0); t++) {
            Rows.readRow(x, t, row);
            for (int start = 0; start < row.length; start += n) {
                normalise(start, n);
            }
            Rows.writeRow(row, out, t);
        }
    }

    private void normalise(int start, int n) {
        double sum = 0;
        for (int c = 0; c < n; c++) {
            sum += row[start + c];
        }
        double mean = sum / n;
        double squares = 0;
        for (int c = 0; c < n; c++) {
            double difference = row[start + c] - mean;
            squares += difference * difference;
        }
        double root = Math.sqrt(squares / n + op.eps());
        for (int c = 0; c < n; c++) {
            double factor = weight == null ? 1 : weight.get(weight.at(c));
            double offset = bias == null ? 0 : bias.get(bias.at(c));
            row[start + c] = (row[start + c] - mean) / root * factor + offset;
        }
    }
}
