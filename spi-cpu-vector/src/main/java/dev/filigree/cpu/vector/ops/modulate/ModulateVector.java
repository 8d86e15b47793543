package dev.filigree.cpu.vector.ops.modulate;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.Modulate;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.Indices;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.RowLoop;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import org.jspecify.annotations.Nullable;

/** {@link Modulate}. Rows of scale and shift are read once per sequence and task, the products fused with their sums. */
public final class ModulateVector implements HostKernel {
    /** The address of a part that is absent. */
    private static final long NONE = 0;

    private final KernelSite site;
    private final float offset;
    private final FloatTensor x;
    private final HostTensor qOffsets;
    private final @Nullable FloatTensor scale;
    private final @Nullable FloatTensor shift;
    private final @Nullable FloatTensor residual;
    private final FloatTensor out;
    private final RowLoop loop;
    private long offsets;

    /** The kernel of one step. */
    public ModulateVector(Modulate op, KernelSite site) {
        this.site = site;
        offset = op.offset();
        x = site.floats(op.x());
        qOffsets = site.tensor(op.qOffsets());
        scale = floats(op.scale(), site);
        shift = floats(op.shift(), site);
        residual = floats(op.residual(), site);
        out = site.floats(op.out());
        loop = new RowLoop(site.pool(), x.rowElements(), this::rows);
    }

    private static @Nullable FloatTensor floats(Optional<TensorRef> ref, KernelSite site) {
        return ref.isPresent() ? site.floats(ref.get()) : null;
    }

    /** Five rows: x, residual, scale, shift, out. */
    public static ScratchNeed scratch(Modulate op, Tensors tensors) {
        return ScratchNeed.perWorker(20 * tensors.get(op.x()).rowElements());
    }

    @Override
    public void run() {
        site.point();
        x.point();
        point(scale);
        point(shift);
        point(residual);
        out.point();
        offsets = Indices.address(qOffsets);
        loop.run(x.rows());
    }

    private static void point(@Nullable FloatTensor tensor) {
        if (tensor != null) {
            tensor.point();
        }
    }

    private void rows(int worker, long first, long end) {
        long bytes = 4L * x.rowElements();
        long scratch = site.worker(worker);
        long factors = NONE;
        long shifts = NONE;
        long seqEnd = first;
        int seq = -1;
        for (long t = first; t < end; t++) {
            if (t >= seqEnd) {
                // ascending rows pass each sequence once; the first search of a task walks from the start
                do {
                    seqEnd = firstToken(++seq + 1);
                } while (t >= seqEnd);
                factors = row(scale, seq, scratch + 2 * bytes);
                shifts = row(shift, seq, scratch + 3 * bytes);
            }
            long to = out.target(t, scratch + 4 * bytes);
            long base = row(residual, t, scratch + bytes);
            modulate(x.row(t, scratch), factors, shifts, base, to);
            out.store(t, to);
        }
    }

    private int firstToken(int seq) {
        return Memory.all().get(JAVA_INT_UNALIGNED, offsets + 4L * seq);
    }

    private static long row(@Nullable FloatTensor tensor, long index, long scratch) {
        return tensor == null ? NONE : tensor.row(index, scratch);
    }

    private void modulate(long from, long factors, long shifts, long base, long to) {
        MemorySegment all = Memory.all();
        int count = x.rowElements();
        int whole = Lanes.F32.loopBound(count);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            long at = 4L * i;
            FloatVector factor = load(all, factors, at).add(offset);
            FloatVector sum = load(all, shifts, at).add(load(all, base, at));
            FloatVector.fromMemorySegment(Lanes.F32, all, from + at, Lanes.ORDER)
                    .fma(factor, sum)
                    .intoMemorySegment(all, to + at, Lanes.ORDER);
        }
        for (int i = whole; i < count; i++) {
            long at = 4L * i;
            float sum = get(all, shifts, at) + get(all, base, at);
            float value = Math.fma(all.get(JAVA_FLOAT_UNALIGNED, from + at), offset + get(all, factors, at), sum);
            all.set(JAVA_FLOAT_UNALIGNED, to + at, value);
        }
    }

    private static FloatVector load(MemorySegment all, long part, long at) {
        return part == NONE
                ? FloatVector.zero(Lanes.F32)
                : FloatVector.fromMemorySegment(Lanes.F32, all, part + at, Lanes.ORDER);
    }

    private static float get(MemorySegment all, long part, long at) {
        return part == NONE ? 0 : all.get(JAVA_FLOAT_UNALIGNED, part + at);
    }
}
