package dev.filigree.host.calibrate.decoder;

/**
 * What one pass through a layer leaves behind. Keys, values and the layer's input stand on rows {@link #in}, queries and
 * everything after attention on rows {@link #out}, a subset.
 */
public final class LayerTrace {
    private static final double[] NONE = {};

    private final Rows in;
    private final Rows out;
    final double[] x;
    double[] r1 = NONE;
    double[] qRaw = NONE;
    double[] kRaw = NONE;
    double[] rq = NONE;
    double[] rk = NONE;
    double[] qFlat = NONE;
    double[] kFlat = NONE;
    double[] q = NONE;
    double[] k = NONE;
    double[] v = NONE;
    double[] mid = NONE;
    double[] r2 = NONE;
    double[] gate = NONE;
    double[] up = NONE;

    LayerTrace(Rows in, Rows out, double[] x) {
        this.in = in;
        this.out = out;
        this.x = x;
    }

    /** Rows of the input, the keys and the values. */
    public Rows in() {
        return in;
    }

    /** Rows of the queries and the output. */
    public Rows out() {
        return out;
    }

    /** {@code [in, hidden]}: the layer's input. */
    public double[] x() {
        return x;
    }

    /** {@code [out, numQoHeads, headDim]}: queries before the rotation. */
    public double[] unrotatedQ() {
        return qFlat;
    }

    /** {@code [in, numKvHeads, headDim]}: keys before the rotation. */
    public double[] unrotatedK() {
        return kFlat;
    }

    /** {@code [out, numQoHeads, headDim]}: queries. */
    public double[] q() {
        return q;
    }

    /** {@code [in, numKvHeads, headDim]}: keys. */
    public double[] k() {
        return k;
    }

    /** {@code [in, numKvHeads, headDim]}: values. */
    public double[] v() {
        return v;
    }
}
