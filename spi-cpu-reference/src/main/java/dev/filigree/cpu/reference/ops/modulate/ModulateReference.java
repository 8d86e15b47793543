package dev.filigree.cpu.reference.ops.modulate;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.Modulate;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.cpu.reference.common.Rows;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The definition of {@link Modulate}: {@code out = residual + x * (offset + scale) + shift}. */
public final class ModulateReference implements HostKernel {
    private final Modulate op;
    private final HostTensor x;
    private final HostTensor qOffsets;
    private final @Nullable HostTensor scale;
    private final @Nullable HostTensor shift;
    private final @Nullable HostTensor residual;
    private final HostTensor out;
    private final double[] row;
    private final double[] scaleRow;
    private final double[] shiftRow;
    private final double[] residualRow;

    /** The kernel of one step. */
    public ModulateReference(Modulate op, HostKernelContext context) {
        this.op = op;
        x = context.tensor(op.x());
        qOffsets = context.tensor(op.qOffsets());
        scale = tensor(op.scale(), context);
        shift = tensor(op.shift(), context);
        residual = tensor(op.residual(), context);
        out = context.tensor(op.out());
        row = new double[Math.toIntExact(x.rowElements())];
        scaleRow = new double[row.length];
        shiftRow = new double[row.length];
        residualRow = new double[row.length];
    }

    private static @Nullable HostTensor tensor(Optional<TensorRef> ref, HostKernelContext context) {
        return ref.isPresent() ? context.tensor(ref.get()) : null;
    }

    @Override
    public void run() {
        for (long s = 0; s + 1 < qOffsets.extent(0); s++) {
            read(scale, s, scaleRow);
            read(shift, s, shiftRow);
            long end = qOffsets.getInt(qOffsets.at(s + 1));
            for (long t = qOffsets.getInt(qOffsets.at(s)); t < end; t++) {
                Rows.readRow(x, t, row);
                read(residual, t, residualRow);
                for (int c = 0; c < row.length; c++) {
                    row[c] = residualRow[c] + row[c] * (op.offset() + scaleRow[c]) + shiftRow[c];
                }
                Rows.writeRow(row, out, t);
            }
        }
    }

    /** What is absent stays the zeros that the row was made with. */
    private static void read(@Nullable HostTensor source, long index, double[] target) {
        if (source != null) {
            Rows.readRow(source, index, target);
        }
    }
}
