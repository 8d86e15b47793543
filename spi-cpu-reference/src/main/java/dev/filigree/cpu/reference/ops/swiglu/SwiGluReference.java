package dev.filigree.cpu.reference.ops.swiglu;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.SwiGlu;
import dev.filigree.cpu.reference.common.Rows;

/** The definition of {@link SwiGlu}: {@code out = gate * sigmoid(gate) * up}. */
public final class SwiGluReference implements HostKernel {
    private final HostTensor gate;
    private final HostTensor up;
    private final HostTensor out;
    private final double[] gateRow;
    private final double[] upRow;

    /** The kernel of one step. */
    public SwiGluReference(SwiGlu op, HostKernelContext context) {
        gate = context.tensor(op.gate());
        up = context.tensor(op.up());
        out = context.tensor(op.out());
        gateRow = new double[Math.toIntExact(gate.rowElements())];
        upRow = new double[gateRow.length];
    }

    @Override
    public void run() {
        for (long t = 0; t < gate.extent(0); t++) {
            Rows.readRow(gate, t, gateRow);
            Rows.readRow(up, t, upRow);
            for (int c = 0; c < gateRow.length; c++) {
                double sigmoid = 1 / (1 + Math.exp(-gateRow[c]));
                gateRow[c] = gateRow[c] * sigmoid * upRow[c];
            }
            Rows.writeRow(gateRow, out, t);
        }
    }
}
