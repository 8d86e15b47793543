package dev.filigree.cpu.reference.ops.lowrankdown;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.LowRankDown;
import dev.filigree.cpu.reference.common.Rows;

/** The definition of {@link LowRankDown}: {@code hiddenRank[t, r] = sum_i x[t, i] * down[r, i]}. */
public final class LowRankDownReference implements HostKernel {
    private final HostTensor x;
    private final HostTensor down;
    private final HostTensor hiddenRank;
    private final double[] xRow;
    private final double[] downRow;

    /** The kernel of one step. */
    public LowRankDownReference(LowRankDown op, HostKernelContext context) {
        x = context.tensor(op.x());
        down = context.tensor(op.down());
        hiddenRank = context.tensor(op.hiddenRank());
        xRow = new double[Math.toIntExact(down.extent(1))];
        downRow = new double[xRow.length];
    }

    @Override
    public void run() {
        for (long t = 0; t < x.extent(0); t++) {
            Rows.readRow(x, t, xRow);
            for (long r = 0; r < down.extent(0); r++) {
                Rows.read(down, down.at(r), downRow);
                hiddenRank.set(hiddenRank.at(t) + r, Rows.dot(xRow, downRow));
            }
        }
    }
}
