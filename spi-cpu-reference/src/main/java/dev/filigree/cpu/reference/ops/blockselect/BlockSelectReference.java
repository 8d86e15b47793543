package dev.filigree.cpu.reference.ops.blockselect;

import dev.filigree.api.attention.Masking;
import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.BlockSelect;
import java.util.Arrays;

/** The definition of {@link BlockSelect}: {@link CumulativeChoice} per head, then what the group makes of it. */
public final class BlockSelectReference implements HostKernel {
    private final BlockSelect op;
    private final HostTensor blockMass;
    private final HostTensor thresholds;
    private final HostTensor qOffsets;
    private final HostTensor kvOffsets;
    private final HostTensor qBlockOffsets;
    private final HostTensor blockCounts;
    private final HostTensor blockIndices;
    private final CumulativeChoice choice;
    private final double[] mass;
    private final int[] votes;

    /** The kernel of one step. */
    public BlockSelectReference(BlockSelect op, HostKernelContext context) {
        this.op = op;
        blockMass = context.tensor(op.blockMass());
        thresholds = context.tensor(op.thresholds());
        qOffsets = context.tensor(op.qOffsets());
        kvOffsets = context.tensor(op.kvOffsets());
        qBlockOffsets = context.tensor(op.qBlockOffsets());
        blockCounts = context.tensor(op.blockCounts());
        blockIndices = context.tensor(op.blockIndices());
        int maxKvBlocks = Math.toIntExact(blockMass.extent(2));
        choice = new CumulativeChoice(maxKvBlocks);
        mass = new double[maxKvBlocks];
        votes = new int[maxKvBlocks];
    }

    @Override
    public void run() {
        for (long s = 0; s + 1 < qOffsets.extent(0); s++) {
            int lq = qOffsets.getInt(qOffsets.at(s + 1)) - qOffsets.getInt(qOffsets.at(s));
            int lk = kvOffsets.getInt(kvOffsets.at(s + 1)) - kvOffsets.getInt(kvOffsets.at(s));
            int firstBlock = Math.floorDiv(lk - lq, op.blockSize());
            long firstRow = qBlockOffsets.getInt(qBlockOffsets.at(s));
            long numRows = qBlockOffsets.getInt(qBlockOffsets.at(s + 1)) - firstRow;
            for (long b = 0; b < numRows; b++) {
                row(firstRow + b, (int) (firstBlock + b), Math.ceilDiv(lk, op.blockSize()));
            }
        }
    }

    /** Chooses for one block row; its queries stand in block {@code diagonal}. */
    private void row(long row, int diagonal, int numKvBlocks) {
        boolean causal = op.masking() == Masking.CAUSAL;
        int reachable = causal ? Math.clamp(diagonal + 1, 0, numKvBlocks) : numKvBlocks;
        choice.start(reachable, causal || op.keepSink() ? 0 : -1, causal || op.keepDiagonal() ? diagonal : -1);
        int groupSize = op.heads().groupSize();
        for (int first = 0; first < op.heads().numServedQoHeads(); first += groupSize) {
            int head = op.heads().qoHead(first);
            switch (op.group()) {
                case QUERY_HEAD -> {
                    for (int h = head; h < head + groupSize; h++) {
                        chooseFor(row, h);
                        store(row, h);
                    }
                }
                case UNION -> vote(row, head, 1);
                case MAJORITY -> vote(row, head, groupSize / 2 + 1);
                case MEAN -> chooseTogether(row, head);
            }
        }
    }

    private void chooseFor(long row, int h) {
        for (int c = 0; c < choice.reachable(); c++) {
            mass[c] = blockMass.get(blockMass.at(row, h, c));
        }
        choice.choose(mass, thresholds.get(thresholds.at(h)));
    }

    /** Chooses for all heads of a group the blocks that at least {@code needed} of them chose. */
    private void vote(long row, int head, int needed) {
        int groupSize = op.heads().groupSize();
        Arrays.fill(votes, 0);
        for (int h = head; h < head + groupSize; h++) {
            chooseFor(row, h);
            for (int c = 0; c < choice.reachable(); c++) {
                votes[c] += choice.isChosen(c) ? 1 : 0;
            }
        }
        for (int c = 0; c < choice.reachable(); c++) {
            choice.set(c, votes[c] >= needed || choice.isMandatory(c));
        }
        for (int h = head; h < head + groupSize; h++) {
            store(row, h);
        }
    }

    private void chooseTogether(long row, int head) {
        int groupSize = op.heads().groupSize();
        double threshold = 0;
        Arrays.fill(mass, 0);
        for (int h = head; h < head + groupSize; h++) {
            double total = 0;
            for (int c = 0; c < choice.reachable(); c++) {
                total += blockMass.get(blockMass.at(row, h, c));
            }
            for (int c = 0; c < choice.reachable() && total != 0; c++) {
                mass[c] += blockMass.get(blockMass.at(row, h, c)) / total / groupSize;
            }
            threshold += thresholds.get(thresholds.at(h));
        }
        choice.choose(mass, threshold / groupSize);
        for (int h = head; h < head + groupSize; h++) {
            store(row, h);
        }
    }

    private void store(long row, int h) {
        int count = 0;
        for (int c = 0; c < choice.reachable(); c++) {
            if (choice.isChosen(c)) {
                blockIndices.setInt(blockIndices.at(row, h, count++), c);
            }
        }
        blockCounts.setInt(blockCounts.at(row, h), count);
    }
}
