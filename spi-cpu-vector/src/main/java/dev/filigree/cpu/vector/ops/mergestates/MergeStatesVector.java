package dev.filigree.cpu.vector.ops.mergestates;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.MergeStates;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.RowLoop;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.convert.Clear;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** {@link MergeStates}: weights of a head in fp64, sums of its parts in list order. */
public final class MergeStatesVector implements HostKernel {
    private final KernelSite site;
    private final FloatTensor[] outs;
    private final HostTensor[] lses;
    private final FloatTensor out;
    private final HostTensor lse;
    private final int numHeads;
    private final int headDim;
    private final RowLoop loop;

    /** The kernel of one step. */
    public MergeStatesVector(MergeStates op, KernelSite site) {
        this.site = site;
        outs = op.outs().stream().map(site::floats).toArray(FloatTensor[]::new);
        lses = op.lses().stream().map(site::tensor).toArray(HostTensor[]::new);
        out = site.floats(op.out());
        lse = site.tensor(op.lse());
        numHeads = Math.toIntExact(out.tensor().extent(1));
        headDim = Math.toIntExact(out.tensor().extent(2));
        loop = new RowLoop(site.pool(), (long) outs.length * out.rowElements(), this::rows);
    }

    /** A row of weights per part, a part's row and the sum; the sum keeps apart because out may be a part. */
    public static ScratchNeed scratch(MergeStates op, Tensors tensors) {
        long weights = 8 * op.outs().size() * tensors.get(op.out()).capacity(1);
        return ScratchNeed.perWorker(weights + 8 * tensors.get(op.out()).rowElements());
    }

    @Override
    public void run() {
        site.point();
        for (FloatTensor part : outs) {
            part.point();
        }
        out.point();
        loop.run(out.rows());
    }

    private void rows(int worker, long first, long end) {
        long weights = site.worker(worker);
        long scratch = weights + 8L * outs.length * numHeads;
        long sum = scratch + 4L * out.rowElements();
        for (long t = first; t < end; t++) {
            for (int h = 0; h < numHeads; h++) {
                weights(t, h, weights);
            }
            Clear.fill(sum, out.rowElements(), 0f);
            for (int i = 0; i < outs.length; i++) {
                long part = outs[i].row(t, scratch);
                for (int h = 0; h < numHeads; h++) {
                    float weight = (float) weight(weights, i, h);
                    if (weight != 0f) {
                        add(part + 4L * h * headDim, weight, sum + 4L * h * headDim, headDim);
                    }
                }
            }
            out.store(t, sum);
        }
    }

    /** Writes the weight of each part of a head, and the merged lse. */
    private void weights(long t, int h, long weights) {
        MemorySegment all = Memory.all();
        double max = Double.NEGATIVE_INFINITY;
        for (HostTensor part : lses) {
            max = Math.max(max, part.get(part.at(t, h)));
        }
        double total = 0;
        for (int i = 0; i < outs.length; i++) {
            double part = lses[i].get(lses[i].at(t, h));
            // A part without keys is the identity, also when every part is one.
            double weight = part == Double.NEGATIVE_INFINITY ? 0 : Math.exp(part - max);
            all.set(JAVA_DOUBLE, weights + 8L * (i * (long) numHeads + h), weight);
            total += weight;
        }
        for (int i = 0; i < outs.length; i++) {
            double weight = weight(weights, i, h);
            all.set(JAVA_DOUBLE, weights + 8L * (i * (long) numHeads + h), weight == 0 ? 0 : weight / total);
        }
        lse.set(lse.at(t, h), max + Math.log(total));
    }

    private double weight(long weights, int part, int head) {
        return Memory.all().get(JAVA_DOUBLE, weights + 8L * (part * (long) numHeads + head));
    }

    private static void add(long x, float weight, long sum, int count) {
        MemorySegment all = Memory.all();
        FloatVector w = FloatVector.broadcast(Lanes.F32, weight);
        int whole = Lanes.F32.loopBound(count);
        for (int i = 0; i < whole; i += Lanes.COUNT) {
            FloatVector s = FloatVector.fromMemorySegment(Lanes.F32, all, sum + 4L * i, Lanes.ORDER);
            FloatVector.fromMemorySegment(Lanes.F32, all, x + 4L * i, Lanes.ORDER)
                    .fma(w, s)
                    .intoMemorySegment(all, sum + 4L * i, Lanes.ORDER);
        }
        for (int i = whole; i < count; i++) {
            float s = all.get(JAVA_FLOAT_UNALIGNED, sum + 4L * i);
            float v = Math.fma(all.get(JAVA_FLOAT_UNALIGNED, x + 4L * i), weight, s);
            all.set(JAVA_FLOAT_UNALIGNED, sum + 4L * i, v);
        }
    }
}
