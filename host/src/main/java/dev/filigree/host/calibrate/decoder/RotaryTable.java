package dev.filigree.host.calibrate.decoder;

/** Cosines and sines of some rows' positions. */
public final class RotaryTable {
    private final int pairs;
    private final double[] cos;
    private final double[] sin;

    RotaryTable(int pairs, double[] cos, double[] sin) {
        this.pairs = pairs;
        this.cos = cos;
        this.sin = sin;
    }

    /**
     * Rotates rows in place.
     *
     * @param x {@code [numRows, numHeads, headDim]}
     * @param firstRow the table's row for row 0 of x
     */
    public void rotate(double[] x, int numRows, int numHeads, int headDim, int firstRow) {
        turn(x, numRows, numHeads, headDim, firstRow, 1);
    }

    /** The transpose of {@link #rotate}: takes gradients back to before the rotation. */
    public void rotateBack(double[] x, int numRows, int numHeads, int headDim, int firstRow) {
        turn(x, numRows, numHeads, headDim, firstRow, -1);
    }

    private void turn(double[] x, int numRows, int numHeads, int headDim, int firstRow, int sign) {
        for (int row = 0; row < numRows; row++) {
            int at = (firstRow + row) * pairs;
            for (int head = 0; head < numHeads; head++) {
                int base = (row * numHeads + head) * headDim;
                for (int c = 0; c < pairs; c++) {
                    double a = x[base + c];
                    double b = x[base + c + pairs];
                    double s = sign * sin[at + c];
                    x[base + c] = a * cos[at + c] - b * s;
                    x[base + c + pairs] = b * cos[at + c] + a * s;
                }
            }
        }
    }
}
