package dev.filigree.cpu.reference.ops.lowrankup;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.LowRankUp;
import dev.filigree.cpu.reference.common.Rows;

/** The definition of {@link LowRankUp}: {@code y[t, o] += sum_r hiddenRank[t, r] * up[o, r]}. */
public final class LowRankUpReference implements HostKernel {
    private final HostTensor hiddenRank;
    private final HostTensor up;
    private final HostTensor y;
    private final double[] hiddenRow;
    private final double[] upRow;

    /** The kernel of one step. */
    public LowRankUpReference(LowRankUp op, HostKernelContext context) {
        hiddenRank = context.tensor(op.hiddenRank());
        up = context.tensor(op.up());
        y = context.tensor(op.y());
        hiddenRow = new double[Math.toIntExact(up.extent(1))];
        upRow = new double[hiddenRow.length];
    }

    @Override
    public void run() {
        for (long t = 0; t < y.extent(0); t++) {
            Rows.readRow(hiddenRank, t, hiddenRow);
            for (long o = 0; o < up.extent(0); o++) {
                Rows.read(up, up.at(o), upRow);
                long element = Rows.element(y, t, o);
                y.set(element, y.get(element) + Rows.dot(hiddenRow, upRow));
            }
        }
    }
}
