package dev.filigree.cpu.vector.ops.add;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.op.Add;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.RowLoop;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** {@link Add}. */
public final class AddVector implements HostKernel {
    private final KernelSite site;
    private final FloatTensor a;
    private final FloatTensor b;
    private final FloatTensor out;
    private final RowLoop loop;

    /** The kernel of one step. */
    public AddVector(Add op, KernelSite site) {
        this.site = site;
        a = site.floats(op.a());
        b = site.floats(op.b());
        out = site.floats(op.out());
        loop = new RowLoop(site.pool(), a.rowElements(), this::rows);
    }

    /** Three rows. */
    public static ScratchNeed scratch(Add op, Tensors tensors) {
        return ScratchNeed.perWorker(12 * tensors.get(op.a()).rowElements());
    }

    @Override
    public void run() {
        site.point();
        a.point();
        b.point();
        out.point();
        loop.run(a.rows());
    }

    private void rows(int worker, long first, long end) {
        int n = a.rowElements();
        long scratch = site.worker(worker);
        for (long t = first; t < end; t++) {
            long to = out.target(t, scratch + 8L * n);
            sum(a.row(t, scratch), b.row(t, scratch + 4L * n), to, n);
            out.store(t, to);
        }
    }

    private static void sum(long a, long b, long out, int count) {
        MemorySegment all = Memory.all();
        int whole = Lanes.F32.loopBound(count);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            FloatVector.fromMemorySegment(Lanes.F32, all, a + 4L * i, Lanes.ORDER)
                    .add(FloatVector.fromMemorySegment(Lanes.F32, all, b + 4L * i, Lanes.ORDER))
                    .intoMemorySegment(all, out + 4L * i, Lanes.ORDER);
        }
        for (int i = whole; i < count; i++) {
            float v = all.get(JAVA_FLOAT_UNALIGNED, a + 4L * i) + all.get(JAVA_FLOAT_UNALIGNED, b + 4L * i);
            all.set(JAVA_FLOAT_UNALIGNED, out + 4L * i, v);
        }
    }
}
