package dev.filigree.cpu.reference.ops.antidiagonalscore;

import dev.filigree.api.attention.Masking;
import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.AntidiagonalScore;
import dev.filigree.cpu.reference.common.Rows;
import java.util.Arrays;

/**
 * The definition of {@link AntidiagonalScore}: per query stripe i, {@code P[i, j] = softmax_j(scale / (stride * norm) *
 * sum_r q[i * stride + (stride - 1 - r)] . k[j * stride + r])}, summed over the stripes of each block (XAttention
 * section 2.1).
 */
public final class AntidiagonalScoreReference implements HostKernel {
    private final AntidiagonalScore op;
    private final HostTensor q;
    private final HostTensor k;
    private final HostTensor qOffsets;
    private final HostTensor kvOffsets;
    private final HostTensor qBlockOffsets;
    private final HostTensor blockMass;
    private final float[][] stripe;
    private final float[] key;
    private final double[] scores;
    private final double[] mass;

    /** The kernel of one step. */
    public AntidiagonalScoreReference(AntidiagonalScore op, HostKernelContext context) {
        this.op = op;
        q = context.tensor(op.q());
        k = context.tensor(op.k());
        qOffsets = context.tensor(op.qOffsets());
        kvOffsets = context.tensor(op.kvOffsets());
        qBlockOffsets = context.tensor(op.qBlockOffsets());
        blockMass = context.tensor(op.blockMass());
        stripe = new float[op.stride()][Math.toIntExact(q.extent(2))];
        key = new float[Math.toIntExact(q.extent(2))];
        scores = new double[Math.toIntExact(Math.ceilDiv(k.decl().capacity(0), op.stride()))];
        mass = new double[Math.toIntExact(blockMass.extent(2))];
    }

    @Override
    public void run() {
        for (long s = 0; s + 1 < qOffsets.extent(0); s++) {
            for (int i = 0; i < op.heads().numServedQoHeads(); i++) {
                head(s, op.heads().qoHead(i), op.heads().kvSlot(i));
            }
        }
    }

    private void head(long s, int h, int slot) {
        int firstQuery = qOffsets.getInt(qOffsets.at(s));
        int lq = qOffsets.getInt(qOffsets.at(s + 1)) - firstQuery;
        int firstKey = kvOffsets.getInt(kvOffsets.at(s));
        int lk = kvOffsets.getInt(kvOffsets.at(s + 1)) - firstKey;
        int firstRow = qBlockOffsets.getInt(qBlockOffsets.at(s));
        int numRows = qBlockOffsets.getInt(qBlockOffsets.at(s + 1)) - firstRow;
        int stripesPerBlock = op.blockSize() / op.stride();
        int firstBlock = Math.floorDiv(lk - lq, op.blockSize());
        for (int b = 0; b < numRows; b++) {
            Arrays.fill(mass, 0);
            for (int n = 0; n < stripesPerBlock; n++) {
                int i = (firstBlock + b) * stripesPerBlock + n;
                if (readStripe(i, lk - lq, lk, firstQuery, h)) {
                    addStripe(i, lk, firstKey, slot);
                }
            }
            for (int c = 0; c < mass.length; c++) {
                blockMass.set(blockMass.at(firstRow + b, h, c), mass[c]);
            }
        }
    }

    /** Reads the queries of a stripe, zeros where the call has none; false if it has none at all. */
    private boolean readStripe(int i, int firstPosition, int endPosition, int firstQuery, int h) {
        boolean any = false;
        for (int r = 0; r < op.stride(); r++) {
            int position = i * op.stride() + r;
            if (position >= firstPosition && position < endPosition) {
                Rows.read(q, q.at(firstQuery + (position - firstPosition), h, 0), stripe[r]);
                any = true;
            } else {
                Arrays.fill(stripe[r], 0);
            }
        }
        return any;
    }

    /** Adds the probabilities of a query stripe to the mass of its block row. */
    private void addStripe(int i, int lk, int firstKey, int slot) {
        int numStripes = Math.ceilDiv(lk, op.stride());
        int reachable = op.masking() == Masking.CAUSAL ? Math.min(numStripes, i + 1) : numStripes;
        double factor = op.scale() / ((double) op.stride() * op.norm());
        double max = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < reachable; j++) {
            scores[j] = factor * antidiagonal(j, lk, firstKey, slot);
            max = Math.max(max, scores[j]);
        }
        double sum = 0;
        for (int j = 0; j < reachable; j++) {
            scores[j] = Math.exp(scores[j] - max);
            sum += scores[j];
        }
        for (int j = 0; j < reachable; j++) {
            mass[(int) ((long) j * op.stride() / op.blockSize())] += scores[j] / sum;
        }
    }

    private double antidiagonal(int j, int lk, int firstKey, int slot) {
        boolean shifted = op.residues() == AntidiagonalScore.Residues.ALTERNATING && j % 2 == 1;
        double sum = 0;
        for (int r = 0; r < op.stride() && (long) j * op.stride() + r < lk; r++) {
            Rows.read(k, k.at(firstKey + (long) j * op.stride() + r, slot, 0), key);
            int opposite = op.stride() - 1 - r + (shifted ? 1 : 0);
            sum += Rows.dot(stripe[opposite % op.stride()], key);
        }
        return sum;
    }
}
