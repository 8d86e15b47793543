package dev.filigree.cpu.vector.ops.rope;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.Rope;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.Rotation;
import dev.filigree.cpu.vector.common.RowLoop;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.convert.Storage;
import dev.filigree.cpu.vector.convert.Widen;

/** {@link Rope}: the angles of a token once, for all its heads. */
public final class RopeVector implements HostKernel {
    private final KernelSite site;
    private final FloatTensor x;
    private final HostTensor positions;
    private final FloatTensor out;
    private final Rotation rotation;
    private final int headDim;
    private final long anglesBytes;
    private final RowLoop loop;

    /** The kernel of one step. */
    public RopeVector(Rope op, KernelSite site) {
        this.site = site;
        x = site.floats(op.x());
        positions = site.tensor(op.positions());
        out = site.floats(op.out());
        rotation = new Rotation(op.rotary(), site.tensor(op.rotary().frequencies()));
        anglesBytes = Rotation.angleBytes(op.rotary());
        headDim = Math.toIntExact(x.tensor().extent(2));
        loop = new RowLoop(site.pool(), x.rowElements() + 16L * op.rotary().rotaryDim(), this::rows);
    }

    /** The angles and a row. */
    public static ScratchNeed scratch(Rope op, Tensors tensors) {
        return ScratchNeed.perWorker(
                Rotation.angleBytes(op.rotary()) + 4 * tensors.get(op.x()).rowElements());
    }

    @Override
    public void run() {
        site.point();
        x.point();
        out.point();
        loop.run(x.rows());
    }

    private void rows(int worker, long first, long end) {
        long angles = site.worker(worker);
        long scratch = angles + anglesBytes;
        int n = x.rowElements();
        for (long t = first; t < end; t++) {
            rotation.angles(positions.getInt(positions.at(t)), angles);
            long from = x.row(t, scratch);
            long to = out.target(t, scratch);
            if (from != to) {
                Widen.copy(Storage.F32, from, to, n);
            }
            for (int start = 0; start < n; start += headDim) {
                rotation.apply(to + 4L * start, angles, out.tensor().dtype());
            }
            out.store(t, to);
        }
    }
}
