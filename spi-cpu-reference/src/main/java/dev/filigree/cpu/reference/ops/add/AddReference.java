package dev.filigree.cpu.reference.ops.add;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.Add;
import dev.filigree.cpu.reference.common.Rows;

/** The definition of {@link Add}: {@code out = a + b}. */
public final class AddReference implements HostKernel {
    private final HostTensor a;
    private final HostTensor b;
    private final HostTensor out;
    private final double[] aRow;
    private final double[] bRow;

    /** The kernel of one step. */
    public AddReference(Add op, HostKernelContext context) {
        a = context.tensor(op.a());
        b = context.tensor(op.b());
        out = context.tensor(op.out());
        aRow = new double[Math.toIntExact(a.rowElements())];
        bRow = new double[aRow.length];
    }

    @Override
    public void run() {
        for (long t = 0; t < a.extent(0); t++) {
            Rows.readRow(a, t, aRow);
            Rows.readRow(b, t, bRow);
            for (int c = 0; c < aRow.length; c++) {
                aRow[c] += bRow[c];
            }
            Rows.writeRow(aRow, out, t);
        }
    }
}
