package dev.filigree.cpu.vector.ops.blockselect;

import dev.filigree.api.attention.Masking;
import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.BlockSelect;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.AttentionTensors;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.parallel.WorkerPool;
import java.util.Arrays;

/** {@link BlockSelect}: a block row of one group of heads a task. */
public final class BlockSelectVector implements HostKernel {
    private final BlockSelect op;
    private final KernelSite site;
    private final HostTensor blockMass;
    private final HostTensor thresholds;
    private final HostTensor qOffsets;
    private final HostTensor kvOffsets;
    private final HostTensor qBlockOffsets;
    private final HostTensor blockCounts;
    private final HostTensor blockIndices;
    private final RowChoice[] choices;
    private final WorkerPool.Body body = this::task;

    /** The kernel of one step. */
    public BlockSelectVector(BlockSelect op, KernelSite site) {
        this.op = op;
        this.site = site;
        blockMass = site.tensor(op.blockMass());
        thresholds = site.tensor(op.thresholds());
        qOffsets = site.tensor(op.qOffsets());
        kvOffsets = site.tensor(op.kvOffsets());
        qBlockOffsets = site.tensor(op.qBlockOffsets());
        blockCounts = site.tensor(op.blockCounts());
        blockIndices = site.tensor(op.blockIndices());
        choices = new RowChoice[site.pool().numWorkers()];
        Arrays.setAll(
                choices,
                worker -> new RowChoice(Math.toIntExact(blockMass.decl().capacity(2))));
    }

    /** The choosers live on the heap, one per worker. */
    public static ScratchNeed scratch(BlockSelect op, Tensors tensors) {
        return ScratchNeed.NONE;
    }

    @Override
    public void run() {
        AttentionTensors.check("qBlockOffsets", qBlockOffsets, blockMass.extent(0));
        int numSeqs = Math.toIntExact(qOffsets.extent(0) - 1);
        int rows = numSeqs == 0 ? 0 : qBlockOffsets.getInt(qBlockOffsets.at(numSeqs));
        site.pool().parallelFor(Math.multiplyExact(rows, op.heads().numServedKvHeads()), body);
    }

    private void task(int worker, int task) {
        int row = task / op.heads().numServedKvHeads();
        int first = task % op.heads().numServedKvHeads() * op.heads().groupSize();
        long s = 0;
        while (qBlockOffsets.getInt(qBlockOffsets.at(s + 1)) <= row) {
            s++;
        }
        int lq = qOffsets.getInt(qOffsets.at(s + 1)) - qOffsets.getInt(qOffsets.at(s));
        int lk = kvOffsets.getInt(kvOffsets.at(s + 1)) - kvOffsets.getInt(kvOffsets.at(s));
        int diagonal = Math.floorDiv(lk - lq, op.blockSize()) + row - qBlockOffsets.getInt(qBlockOffsets.at(s));
        int numKvBlocks = Math.ceilDiv(lk, op.blockSize());
        boolean causal = op.masking() == Masking.CAUSAL;
        int reachable = causal ? Math.clamp(diagonal + 1, 0, numKvBlocks) : numKvBlocks;
        RowChoice choice = choices[worker];
        choice.start(reachable, causal || op.keepSink() ? 0 : -1, causal || op.keepDiagonal() ? diagonal : -1);
        group(choice, row, op.heads().qoHead(first));
    }

    private void group(RowChoice choice, long row, int head) {
        int end = head + op.heads().groupSize();
        switch (op.group()) {
            case QUERY_HEAD -> {
                for (int h = head; h < end; h++) {
                    chooseFor(choice, row, h);
                    store(choice, row, h);
                }
                return;
            }
            case UNION -> vote(choice, row, head, 1);
            case MAJORITY -> vote(choice, row, head, op.heads().groupSize() / 2 + 1);
            case MEAN -> chooseTogether(choice, row, head);
        }
        for (int h = head; h < end; h++) {
            store(choice, row, h);
        }
    }

    private void chooseFor(RowChoice choice, long row, int h) {
        for (int c = 0; c < choice.reachable(); c++) {
            choice.mass[c] = blockMass.get(blockMass.at(row, h, c));
        }
        choice.choose(thresholds.get(thresholds.at(h)));
    }

    /** Chooses for all heads of a group the blocks that at least {@code needed} of them chose. */
    private void vote(RowChoice choice, long row, int head, int needed) {
        Arrays.fill(choice.votes, 0);
        for (int h = head; h < head + op.heads().groupSize(); h++) {
            chooseFor(choice, row, h);
            for (int c = 0; c < choice.reachable(); c++) {
                choice.votes[c] += choice.isChosen(c) ? 1 : 0;
            }
        }
        for (int c = 0; c < choice.reachable(); c++) {
            choice.set(c, choice.votes[c] >= needed || choice.isMandatory(c));
        }
    }

    private void chooseTogether(RowChoice choice, long row, int head) {
        int groupSize = op.heads().groupSize();
        double threshold = 0;
        Arrays.fill(choice.mass, 0);
        for (int h = head; h < head + groupSize; h++) {
            double total = 0;
            for (int c = 0; c < choice.reachable(); c++) {
                total += blockMass.get(blockMass.at(row, h, c));
            }
            for (int c = 0; c < choice.reachable() && total != 0; c++) {
                choice.mass[c] += blockMass.get(blockMass.at(row, h, c)) / total / groupSize;
            }
            threshold += thresholds.get(thresholds.at(h));
        }
        choice.choose(threshold / groupSize);
    }

    private void store(RowChoice choice, long row, int h) {
        int count = 0;
        for (int c = 0; c < choice.reachable(); c++) {
            if (choice.isChosen(c)) {
                blockIndices.setInt(blockIndices.at(row, h, count++), c);
            }
        }
        blockCounts.setInt(blockCounts.at(row, h), count);
    }
}
