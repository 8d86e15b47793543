package dev.filigree.cpu.vector.ops.antidiagonalscore;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.filigree.api.attention.Masking;
import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.AntidiagonalScore;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.attention.StripSoftmax;
import dev.filigree.cpu.vector.common.AttentionTensors;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.convert.Clear;
import dev.filigree.cpu.vector.convert.Widen;
import dev.filigree.cpu.vector.elementwise.Exp2;
import dev.filigree.cpu.vector.elementwise.Scale;
import dev.filigree.cpu.vector.gemm.DotKernel;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import dev.filigree.cpu.vector.parallel.WorkerPool;
import java.lang.foreign.MemorySegment;

/**
 * {@link AntidiagonalScore}: a task is a few block rows of the query heads of one KV head. Their stripes stay in scratch
 * while the keys pass by, a dozen stripes at a time, so that keys are widened once for all of them.
 */
public final class AntidiagonalScoreVector implements HostKernel {
    private final AntidiagonalScore op;
    private final KernelSite site;
    private final FloatTensor q;
    private final FloatTensor k;
    private final HostTensor qOffsets;
    private final HostTensor kvOffsets;
    private final HostTensor qBlockOffsets;
    private final HostTensor blockMass;
    private final StripeLayout layout;
    private final int perBlock;
    private final int[] firstTasks;
    private final WorkerPool.Body body = this::task;

    /** The kernel of one step. */
    public AntidiagonalScoreVector(AntidiagonalScore op, KernelSite site) {
        this.op = op;
        this.site = site;
        q = site.floats(op.q());
        k = site.floats(op.k());
        qOffsets = site.tensor(op.qOffsets());
        kvOffsets = site.tensor(op.kvOffsets());
        qBlockOffsets = site.tensor(op.qBlockOffsets());
        blockMass = site.tensor(op.blockMass());
        layout = StripeLayout.of(
                op,
                q.tensor().extent(2),
                k.tensor().decl().capacity(0),
                blockMass.decl().capacity(2));
        perBlock = op.blockSize() / op.stride();
        firstTasks = new int[Math.toIntExact(qOffsets.decl().capacity(0))];
    }

    /** One task's stripes, scores and masses for each worker. */
    public static ScratchNeed scratch(AntidiagonalScore op, Tensors tensors) {
        long maxBlocks = tensors.get(op.blockMass()).capacity(2);
        long maxKeys = tensors.get(op.k()).capacity(0);
        long headDim = tensors.get(op.q()).capacity(2);
        return ScratchNeed.perWorker(
                StripeLayout.of(op, headDim, maxKeys, maxBlocks).bytes());
    }

    @Override
    public void run() {
        site.point();
        q.point();
        k.point();
        AttentionTensors.check("qOffsets", qOffsets, q.rows());
        AttentionTensors.check("kvOffsets", kvOffsets, k.rows());
        AttentionTensors.check("qBlockOffsets", qBlockOffsets, blockMass.extent(0));
        int numSeqs = Math.toIntExact(qOffsets.extent(0) - 1);
        int count = 0;
        for (int s = 0; s < numSeqs; s++) {
            firstTasks[s] = count;
            count += Math.ceilDiv(length(qBlockOffsets, s), layout.blocksPerTask());
        }
        firstTasks[numSeqs] = count;
        site.pool().parallelFor(Math.multiplyExact(count, op.heads().numServedKvHeads()), body);
    }

    private static int length(HostTensor offsets, int s) {
        return offsets.getInt(offsets.at(s + 1L)) - offsets.getInt(offsets.at(s));
    }

    private void task(int worker, int task) {
        int last = firstTasks[Math.toIntExact(qOffsets.extent(0) - 1)] - 1;
        int number = last - task / op.heads().numServedKvHeads(); // the longest rows first: they end together
        int group = task % op.heads().numServedKvHeads();
        int s = 0;
        while (firstTasks[s + 1] <= number) {
            s++;
        }
        int from = (number - firstTasks[s]) * layout.blocksPerTask();
        int to = Math.min(length(qBlockOffsets, s), from + layout.blocksPerTask());
        int lk = length(kvOffsets, s);
        int firstPosition = lk - length(qOffsets, s);
        int firstStripe = (Math.floorDiv(firstPosition, op.blockSize()) + from) * perBlock;
        int stripes = (to - from) * perBlock;
        long work = site.worker(worker);
        int head = op.heads().qoHead(group * op.heads().groupSize());
        for (int h = 0; h < op.heads().groupSize(); h++) {
            for (int n = 0; n < stripes; n++) {
                loadQueries(s, head + h, firstStripe + n, firstPosition, lk, h * stripes + n, work);
            }
        }
        int numStripes = Math.ceilDiv(lk, op.stride());
        int reachable = op.masking() == Masking.CAUSAL ? Math.min(numStripes, firstStripe + stripes) : numStripes;
        scores(
                s,
                op.heads().kvSlot(group * op.heads().groupSize()),
                lk,
                reachable,
                op.heads().groupSize() * stripes,
                work);
        for (int h = 0; h < op.heads().groupSize(); h++) {
            for (int b = from; b < to; b++) {
                int row = h * stripes + (b - from) * perBlock;
                mass(s, head + h, b, firstStripe + (b - from) * perBlock, firstPosition, lk, row, work);
            }
        }
    }

    /** Loads a query stripe with its residues reversed, and shifted for odd key stripes; 0 where there is no query. */
    private void loadQueries(int s, int head, int stripe, int firstPosition, int lk, int row, long work) {
        int first = qOffsets.getInt(qOffsets.at(s));
        float factor = (float) (op.scale() * (double) Exp2.LOG2_E / ((double) op.stride() * op.norm()));
        for (int parity = 0; parity < layout.parities(); parity++) {
            long target = work + layout.query(parity, row);
            Clear.fill(target, layout.depth(), 0f);
            for (int r = 0; r < op.stride(); r++) {
                long position = (long) stripe * op.stride() + (op.stride() - 1 - r + parity) % op.stride();
                if (position >= firstPosition && position < lk) {
                    long at = q.address(q.tensor().at(first + position - firstPosition, head, 0));
                    Widen.copy(q.storage(), at, target + 4L * r * layout.headDim(), layout.headDim());
                }
            }
            Scale.inPlace(target, layout.depth(), factor);
        }
    }

    /** Scores of all rows against the key stripes below {@code reachable}. */
    private void scores(int s, int slot, int lk, int reachable, int rows, long work) {
        long keys = work + layout.keysAt();
        Clear.fill(keys, StripeLayout.TILE * layout.depth(), 0f);
        for (int j = 0; j < reachable; j += StripeLayout.TILE) {
            int count = Math.min(StripeLayout.TILE, reachable - j);
            loadKeys(s, slot, j, count, lk, keys);
            for (int parity = 0; parity < layout.parities(); parity++) {
                int step = layout.parities();
                int left = Math.ceilDiv(count - parity, step); // tiles start at even stripes
                long column = work + layout.scoresAt() + 4L * (parity * (long) layout.half() + j / step);
                for (int c = 0; c < left; c += DotKernel.FOUR_ROWS) {
                    long from = keys + (long) (parity + c * step) * layout.stripeBytes();
                    for (int r = 0; r < rows; r += DotKernel.FOUR_TOKENS) {
                        DotKernel.four(
                                work + layout.query(parity, r),
                                layout.stripeBytes(),
                                rows - r,
                                from,
                                step * layout.stripeBytes(),
                                left - c,
                                layout.depth(),
                                column + r * layout.scoreStride() + 4L * c,
                                layout.scoreStride());
                    }
                }
            }
        }
    }

    private void loadKeys(int s, int slot, int stripe, int count, int lk, long keys) {
        int first = kvOffsets.getInt(kvOffsets.at(s));
        for (int n = 0; n < count; n++) {
            for (int r = 0; r < op.stride(); r++) {
                long token = (long) (stripe + n) * op.stride() + r;
                long target = keys + n * layout.stripeBytes() + 4L * r * layout.headDim();
                if (token < lk) {
                    Widen.copy(k.storage(), k.address(k.tensor().at(first + token, slot, 0)), target, layout.headDim());
                } else {
                    Clear.fill(target, layout.headDim(), 0f);
                }
            }
        }
    }

    /** Adds up the probabilities of the stripes of one block row. */
    private void mass(int s, int head, int block, int stripe, int firstPosition, int lk, int row, long work) {
        MemorySegment all = Memory.all();
        long mass = work + layout.massAt();
        for (int c = 0; c < layout.maxBlocks(); c++) {
            all.set(JAVA_DOUBLE, mass + 8L * c, 0);
        }
        int numStripes = Math.ceilDiv(lk, op.stride());
        for (int n = 0; n < perBlock; n++) {
            long last = (long) (stripe + n + 1) * op.stride();
            boolean any = last > firstPosition && (long) (stripe + n) * op.stride() < lk;
            int reachable = op.masking() == Masking.CAUSAL ? Math.min(numStripes, stripe + n + 1) : numStripes;
            if (any && reachable > 0) {
                addStripe(reachable, work + layout.scoresAt() + (row + n) * layout.scoreStride(), work);
            }
        }
        long target = qBlockOffsets.getInt(qBlockOffsets.at(s)) + (long) block;
        for (int c = 0; c < blockMass.extent(2); c++) {
            blockMass.set(blockMass.at(target, head, c), (float) all.get(JAVA_DOUBLE, mass + 8L * c));
        }
    }

    /** Adds one stripe's probabilities: a softmax over its reachable scores, summed block by block. */
    private void addStripe(int reachable, long scores, long work) {
        MemorySegment all = Memory.all();
        int parities = layout.parities();
        long max = work + layout.stateAt();
        long factor = max + 64;
        long sum = factor + 64;
        all.set(JAVA_FLOAT, max, Float.NEGATIVE_INFINITY);
        all.set(JAVA_FLOAT, sum, 0f);
        for (int parity = 0; parity < parities; parity++) {
            int count = Math.ceilDiv(reachable - parity, parities);
            int columns = (int) Lanes.roundUp(count);
            long row = scores + 4L * parity * layout.half();
            Clear.fill(row + 4L * count, columns - count, Float.NEGATIVE_INFINITY);
            StripSoftmax.maxima(row, 0, 1, columns, max, factor);
        }
        all.set(JAVA_FLOAT, factor, 1f);
        for (int parity = 0; parity < parities; parity++) {
            int columns = (int) Lanes.roundUp(Math.ceilDiv(reachable - parity, parities));
            StripSoftmax.weights(scores + 4L * parity * layout.half(), 0, 1, columns, max, factor, sum);
        }
        double total = all.get(JAVA_FLOAT, sum);
        for (int block = 0; block * perBlock < reachable; block++) {
            int from = block * perBlock;
            double weight = blockWeight(scores, from, Math.min(reachable, from + perBlock));
            long at = work + layout.massAt() + 8L * block;
            all.set(JAVA_DOUBLE, at, all.get(JAVA_DOUBLE, at) + weight / total);
        }
    }

    /** Weight of the key stripes [from, to). */
    private double blockWeight(long scores, int from, int to) {
        MemorySegment all = Memory.all();
        int parities = layout.parities();
        double weight = 0;
        for (int parity = 0; parity < parities; parity++) {
            long row = scores + 4L * parity * layout.half();
            int end = Math.ceilDiv(to - parity, parities);
            for (int n = Math.ceilDiv(from - parity, parities); n < end; n++) {
                weight += all.get(JAVA_FLOAT, row + 4L * n);
            }
        }
        return weight;
    }
}
