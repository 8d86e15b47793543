package dev.filigree.host.calibrate.thresholds;

import dev.filigree.api.op.AntidiagonalScore;

/**
 * The sizes that thresholds belong to.
 *
 * @param blockSize tokens per block
 * @param stride tokens per stripe, a divisor of blockSize
 * @param residues how tokens of two stripes are paired
 */
public record XAttentionShape(int blockSize, int stride, AntidiagonalScore.Residues residues) {

    /** Checks the stride. */
    public XAttentionShape {
        if (blockSize < 1 || stride < 1 || blockSize % stride != 0) {
            throw new IllegalArgumentException("stride must divide the block size " + blockSize + ", not " + stride);
        }
    }

    /** Blocks of a prompt. */
    public int numBlocks(int numTokens) {
        return Math.ceilDiv(numTokens, blockSize);
    }
}
