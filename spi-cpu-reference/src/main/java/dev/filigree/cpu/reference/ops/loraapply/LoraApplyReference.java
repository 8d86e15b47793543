package dev.filigree.cpu.reference.ops.loraapply;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.LoraApply;
import dev.filigree.cpu.reference.common.Rows;

/** The definition of {@link LoraApply}: {@code y += sum_i strengths[i] * (x down_i^T) up_i^T}. */
public final class LoraApplyReference implements HostKernel {
    private final HostTensor x;
    private final HostTensor[] downs;
    private final HostTensor[] ups;
    private final HostTensor strengths;
    private final HostTensor y;
    private final double[] xRow;
    private final double[] downRow;
    private final double[][] hidden;
    private final double[][] upRows;

    /** The kernel of one step. */
    public LoraApplyReference(LoraApply op, HostKernelContext context) {
        x = context.tensor(op.x());
        downs = op.downs().stream().map(context::tensor).toArray(HostTensor[]::new);
        ups = op.ups().stream().map(context::tensor).toArray(HostTensor[]::new);
        strengths = context.tensor(op.strengths());
        y = context.tensor(op.y());
        xRow = new double[Math.toIntExact(x.rowElements())];
        downRow = new double[xRow.length];
        hidden = new double[downs.length][];
        upRows = new double[downs.length][];
        for (int i = 0; i < downs.length; i++) {
            hidden[i] = new double[Math.toIntExact(downs[i].extent(0))];
            upRows[i] = new double[hidden[i].length];
        }
    }

    @Override
    public void run() {
        for (long t = 0; t < y.extent(0); t++) {
            Rows.readRow(x, t, xRow);
            for (int i = 0; i < downs.length; i++) {
                for (int r = 0; isActive(i) && r < hidden[i].length; r++) {
                    Rows.read(downs[i], downs[i].at(r), downRow);
                    hidden[i][r] = Rows.dot(xRow, downRow);
                }
            }
            for (long o = 0; o < ups[0].extent(0); o++) {
                long element = Rows.element(y, t, o);
                y.set(element, y.get(element) + sum(o));
            }
        }
    }

    private boolean isActive(int adapter) {
        return strengths.get(strengths.at(adapter)) != 0 && hidden[adapter].length > 0;
    }

    /** What all adapters add to an output; -0 if none does, which changes no bit of any number. */
    private double sum(long o) {
        double sum = -0.0;
        for (int i = 0; i < ups.length; i++) {
            if (isActive(i)) {
                Rows.read(ups[i], ups[i].at(o), upRows[i]);
                sum += strengths.get(strengths.at(i)) * Rows.dot(hidden[i], upRows[i]);
            }
        }
        return sum;
    }
}
