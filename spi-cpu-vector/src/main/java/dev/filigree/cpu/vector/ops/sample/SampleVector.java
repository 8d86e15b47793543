package dev.filigree.cpu.vector.ops.sample;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.Sample;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.RowLoop;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.elementwise.Largest;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** {@link Sample}: a heap gives the vocabulary in falling order only as far as the draw goes. */
public final class SampleVector implements HostKernel {
    private final KernelSite site;
    private final FloatTensor logits;
    private final HostTensor temperatures;
    private final HostTensor topKs;
    private final HostTensor topPs;
    private final HostTensor seeds;
    private final HostTensor positions;
    private final HostTensor tokens;
    private final FallingOrder[] orders;
    private final RowLoop loop;

    /** The kernel of one step. */
    public SampleVector(Sample op, KernelSite site) {
        this.site = site;
        logits = site.floats(op.logits());
        temperatures = site.tensor(op.temperatures());
        topKs = site.tensor(op.topKs());
        topPs = site.tensor(op.topPs());
        seeds = site.tensor(op.seeds());
        positions = site.tensor(op.positions());
        tokens = site.tensor(op.tokens());
        orders = new FallingOrder[site.pool().numWorkers()];
        for (int worker = 0; worker < orders.length; worker++) {
            orders[worker] = new FallingOrder(logits.rowElements());
        }
        loop = new RowLoop(site.pool(), 16L * logits.rowElements(), this::rows);
    }

    /** One row. */
    public static ScratchNeed scratch(Sample op, Tensors tensors) {
        return ScratchNeed.perWorker(4 * tensors.get(op.logits()).rowElements());
    }

    @Override
    public void run() {
        site.point();
        logits.point();
        loop.run(logits.rows());
    }

    private void rows(int worker, long first, long end) {
        for (long s = first; s < end; s++) {
            tokens.setInt(tokens.at(s), draw(s, logits.row(s, site.worker(worker)), orders[worker]));
        }
    }

    private int draw(long s, long row, FallingOrder order) {
        int n = logits.rowElements();
        int argmax = Largest.index(row, n);
        MemorySegment all = Memory.all();
        float largest = all.get(ValueLayout.JAVA_FLOAT_UNALIGNED, row + 4L * argmax);
        float temperature = temperatures.get(temperatures.at(s));
        if (temperature == 0 || !Float.isFinite(largest)) {
            return argmax;
        }
        int topK = topKs.getInt(topKs.at(s));
        order.start(row, largest, temperature);
        order.limit(topK > 0 ? Math.min(topK, n) : n);
        double u = uniform(seeds.getLong(seeds.at(s)), positions.getInt(positions.at(s)));
        float topP = topPs.get(topPs.at(s));
        return order.pick(topP < 1 ? order.shortestPrefix(topP) : order.kept(), u);
    }

    /** A number in [0, 1) from the SplitMix64 finaliser (Steele, Lea and Flood 2014, figure 10). */
    static double uniform(long seed, int position) {
        long z = seed + position * 0x9e3779b97f4a7c15L;
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        z ^= z >>> 31;
        return (z >>> 11) * 0x1p-53;
    }
}
