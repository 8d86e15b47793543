package dev.filigree.host.calibrate.decoder;

/** The gated activation {@code p * sigmoid(p) * u}, forward and backward (Shazeer 2020, section 2). */
public final class SwiGluMath {
    private SwiGluMath() {}

    /** {@code out[i] = p[i] * sigmoid(p[i]) * u[i]}. */
    public static void forward(double[] p, double[] u, double[] out) {
        for (int i = 0; i < out.length; i++) {
            out[i] = p[i] * sigmoid(p[i]) * u[i];
        }
    }

    /**
     * Gradients of both inputs.
     *
     * @param dOut gradient of the output
     * @param p the gate; replaced by its gradient
     * @param u the up projection; replaced by its gradient
     */
    public static void backward(double[] dOut, double[] p, double[] u) {
        for (int i = 0; i < dOut.length; i++) {
            double s = sigmoid(p[i]);
            double dp = dOut[i] * u[i] * s * (1 + p[i] * (1 - s));
            u[i] = dOut[i] * p[i] * s;
            p[i] = dp;
        }
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }
}
