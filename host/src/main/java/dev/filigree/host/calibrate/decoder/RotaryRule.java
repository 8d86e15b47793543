package dev.filigree.host.calibrate.decoder;

/**
 * Rotary positions in the half-split style of Llama checkpoints: channel c turns with channel {@code c + n} by {@code
 * position * frequencies[c]}, that product rounded to fp32, and is multiplied by {@code magnitude} (RoFormer section
 * 3.4.2).
 *
 * @param frequencies {@code [n]}, scaled inverse frequencies
 * @param magnitude factor on rotated channels, 1 unless the scaling rule says otherwise
 */
@SuppressWarnings("ArrayRecordComponent") // Compared never.
public record RotaryRule(float[] frequencies, double magnitude) {

    /** Cosines and sines for some positions. */
    public RotaryTable table(int[] positions) {
        int n = frequencies.length;
        double[] cos = new double[positions.length * n];
        double[] sin = new double[positions.length * n];
        for (int row = 0; row < positions.length; row++) {
            for (int c = 0; c < n; c++) {
                double angle = positions[row] * frequencies[c];
                cos[row * n + c] = Math.cos(angle) * magnitude;
                sin[row * n + c] = Math.sin(angle) * magnitude;
            }
        }
        return new RotaryTable(n, cos, sin);
    }
}
