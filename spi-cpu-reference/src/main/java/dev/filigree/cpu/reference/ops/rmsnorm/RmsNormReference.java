package dev.filigree.cpu.reference.ops.rmsnorm;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.RmsNorm;
import dev.filigree.cpu.reference.common.Rows;

/** The definition of {@link RmsNorm}: {@code out = x / sqrt(mean(x^2) + eps) * weight} over the innermost axis. */
public final class RmsNormReference implements HostKernel {
    private final RmsNorm op;
    private final HostTensor x;
    private final HostTensor weight;
    private final HostTensor out;
    private final double[] row;

    /** The kernel of one step. */
    public RmsNormReference(RmsNorm op, HostKernelContext context) {
        this.op = op;
        x = context.tensor(op.x());
        weight = context.tensor(op.weight());
        out = context.tensor(op.out());
        row = new double[Math.toIntExact(x.rowElements())];
    }

    @Override
    public void run() {
        int n = Math.toIntExact(weight.extent(0));
        for (long t = 0; t < x.extent(0); t++) {
            Rows.readRow(x, t, row);
            for (int start = 0; start < row.length; start += n) {
                double squares = 0;
                for (int c = 0; c < n; c++) {
                    squares += row[start + c] * row[start + c];
                }
                double root = Math.sqrt(squares / n + op.eps());
                for (int c = 0; c < n; c++) {
                    row[start + c] = row[start + c] / root * weight.get(weight.at(c));
                }
            }
            Rows.writeRow(row, out, t);
        }
    }
}
