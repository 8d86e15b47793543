package dev.filigree.cpu.reference.ops.embedding;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.Embedding;
import dev.filigree.cpu.reference.common.Rows;
import java.util.Arrays;

/** The definition of {@link Embedding}: {@code out[i] = table[ids[i]]}. */
public final class EmbeddingReference implements HostKernel {
    private final HostTensor table;
    private final HostTensor ids;
    private final HostTensor out;
    private final double[] row;

    /** The kernel of one step. */
    public EmbeddingReference(Embedding op, HostKernelContext context) {
        table = context.tensor(op.table());
        ids = context.tensor(op.ids());
        out = context.tensor(op.out());
        row = new double[Math.toIntExact(table.rowElements())];
    }

    @Override
    public void run() {
        for (long i = 0; i < ids.extent(0); i++) {
            int id = ids.getInt(ids.at(i));
            if (id >= 0 && id < table.extent(0)) {
                Rows.readRow(table, id, row);
            } else {
                Arrays.fill(row, Double.NaN); // an error of the caller, made visible
            }
            Rows.writeRow(row, out, i);
        }
    }
}
