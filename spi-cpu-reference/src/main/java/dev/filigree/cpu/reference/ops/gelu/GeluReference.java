package dev.filigree.cpu.reference.ops.gelu;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.Gelu;
import dev.filigree.cpu.reference.common.Rows;

/** The definition of {@link Gelu}. */
public final class GeluReference implements HostKernel {
    private final Gelu op;
    private final HostTensor x;
    private final HostTensor out;
    private final double[] row;

    /** The kernel of one step. */
    public GeluReference(Gelu op, HostKernelContext context) {
        this.op = op;
        x = context.tensor(op.x());
        out = context.tensor(op.out());
        row = new double[Math.toIntExact(x.rowElements())];
    }

    @Override
    public void run() {
        for (long t = 0; t < x.extent(0); t++) {
            Rows.readRow(x, t, row);
            for (int c = 0; c < row.length; c++) {
                row[c] = op.form() == Gelu.Form.ERF ? exact(row[c]) : tanh(row[c]);
            }
            Rows.writeRow(row, out, t);
        }
    }

    private static double exact(double x) {
        // 1 + erf(z) = erfc(-z), which keeps its digits where erf is close to -1.
        return x / 2 * Erf.erfc(-x / Math.sqrt(2));
    }

    private static double tanh(double x) {
        // (1 + tanh u) / 2 = 1 / (1 + exp(-2u)), which keeps its digits where tanh is close to -1.
        return x / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    }
}
