package dev.filigree.cpu.vector.ops.embedding;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.Embedding;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.RowLoop;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.convert.Clear;

/** {@link Embedding}: rows widened and narrowed on the way. */
public final class EmbeddingVector implements HostKernel {
    private final KernelSite site;
    private final FloatTensor table;
    private final HostTensor ids;
    private final FloatTensor out;
    private final RowLoop loop;

    /** The kernel of one step. */
    public EmbeddingVector(Embedding op, KernelSite site) {
        this.site = site;
        table = site.floats(op.table());
        ids = site.tensor(op.ids());
        out = site.floats(op.out());
        loop = new RowLoop(site.pool(), table.rowElements(), this::rows);
    }

    /** One row. */
    public static ScratchNeed scratch(Embedding op, Tensors tensors) {
        return ScratchNeed.perWorker(4 * tensors.get(op.table()).rowElements());
    }

    @Override
    public void run() {
        site.point();
        table.point();
        out.point();
        loop.run(ids.extent(0));
    }

    private void rows(int worker, long first, long end) {
        long scratch = site.worker(worker);
        for (long i = first; i < end; i++) {
            int id = ids.getInt(ids.at(i));
            if (id >= 0 && id < table.rows()) {
                out.store(i, table.row(id, scratch));
            } else {
                Clear.fill(scratch, table.rowElements(), Float.NaN); // an error of the caller, made visible
                out.store(i, scratch);
            }
        }
    }
}
