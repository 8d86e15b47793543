package com.example.sample.backend;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.Embedding;
import java.util.Arrays;

/** {@code out[i] = table[ids[i]]}. */
final class EmbeddingKernel implements HostKernel {
    private final HostTensor table;
    private final HostTensor ids;
    private final HostTensor out;
    private final float[] row;

    EmbeddingKernel(Embedding op, HostKernelContext context) {
        table = context.tensor(op.table());
        ids = context.tensor(op.ids());
        out = context.tensor(op.out());
        row = new float[Math.toIntExact(out.rowElements())];
    }

    @Override
    public void run() {
        for (long i = 0; i < ids.extent(0); i++) {
            int id = ids.getInt(ids.at(i));
            if (id >= 0 && id < table.extent(0)) {
                Vectors.read(table, table.at(id), row);
            } else {
                Arrays.fill(row, Float.NaN); // the caller's mistake, made visible
            }
            Vectors.write(row, out, out.at(i));
        }
    }
}
