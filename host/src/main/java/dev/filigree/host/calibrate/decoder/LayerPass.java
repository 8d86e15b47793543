package dev.filigree.host.calibrate.decoder;

/**
 * One decoder layer around its attention: what comes before and after it, forward and backward. Only gradients of
 * inputs exist; weights never change.
 */
public final class LayerPass {
    private final DecoderArrays model;
    private final LayerArrays layer;
    private final DecoderKernels kernels;

    /** A pass through layer {@code index}. */
    public LayerPass(DecoderArrays model, int index, DecoderKernels kernels) {
        this.model = model;
        this.layer = model.layers().get(index);
        this.kernels = kernels;
    }

    /**
     * Norm, projections, per-head norms and rotation.
     *
     * @param x {@code [in, hidden]}, kept
     * @param out rows that attend, a subset of in
     */
    public LayerTrace project(double[] x, Rows in, Rows out) {
        LayerTrace trace = new LayerTrace(in, out, x);
        trace.r1 = new double[in.count()];
        double[] normed = new double[x.length];
        RmsNormMath.forward(x, in.count(), layer.attentionNorm(), model.normEps(), trace.r1, normed);
        trace.qRaw = kernels.linear(layer.q(), in.pick(out, normed, model.hidden()), out.count());
        trace.kRaw = kernels.linear(layer.k(), normed, in.count());
        trace.v = kernels.linear(layer.v(), normed, in.count());
        trace.rq = new double[layer.qNorm().length == 0 ? 0 : out.count() * numQoHeads()];
        trace.rk = new double[layer.kNorm().length == 0 ? 0 : in.count() * numKvHeads()];
        trace.qFlat = headNorm(trace.qRaw, layer.qNorm(), trace.rq);
        trace.kFlat = headNorm(trace.kRaw, layer.kNorm(), trace.rk);
        trace.q = trace.qFlat.clone();
        trace.k = trace.kFlat.clone();
        rotary(out).rotate(trace.q, out.count(), numQoHeads(), model.headDim(), 0);
        rotary(in).rotate(trace.k, in.count(), numKvHeads(), model.headDim(), 0);
        return trace;
    }

    /**
     * Output projection, residual, MLP, residual.
     *
     * @param attn {@code [out, numQoHeads * headDim]}
     * @return {@code [out, hidden]}, the next layer's input
     */
    public double[] finish(LayerTrace trace, double[] attn) {
        int rows = trace.out().count();
        double[] x = kernels.linear(layer.o(), attn, rows);
        addInPlace(x, trace.in().pick(trace.out(), trace.x, model.hidden()));
        trace.mid = x;
        trace.r2 = new double[rows];
        double[] normed = new double[x.length];
        RmsNormMath.forward(x, rows, layer.mlpNorm(), model.normEps(), trace.r2, normed);
        trace.gate = kernels.linear(layer.gate(), normed, rows);
        trace.up = kernels.linear(layer.up(), normed, rows);
        double[] active = new double[trace.gate.length];
        SwiGluMath.forward(trace.gate, trace.up, active);
        double[] y = kernels.linear(layer.down(), active, rows);
        addInPlace(y, x);
        return y;
    }

    /**
     * Back through {@link #finish}, which must have run; uses up what it left.
     *
     * @param dx {@code [out, hidden]}, gradient of the layer's output; becomes that of the residual stream after
     *     attention
     * @return {@code [out, numQoHeads * headDim]}, gradient of the attention output
     */
    public double[] finishBackward(LayerTrace trace, double[] dx) {
        int rows = trace.out().count();
        double[] dActive = kernels.linearBackward(layer.down(), dx, rows);
        SwiGluMath.backward(dActive, trace.gate, trace.up);
        double[] dNormed = kernels.linearBackward(layer.gate(), trace.gate, rows);
        addInPlace(dNormed, kernels.linearBackward(layer.up(), trace.up, rows));
        RmsNormMath.backward(dNormed, trace.mid, trace.r2, rows, layer.mlpNorm(), dx);
        return kernels.linearBackward(layer.o(), dx, rows);
    }

    /**
     * Back through {@link #project}.
     *
     * @param dMid {@code [out, hidden]}, gradient of the residual stream, as {@link #finishBackward} left it
     * @param dq {@code [out, numQoHeads, headDim]}, used up
     * @param dk {@code [in, numKvHeads, headDim]}, used up
     * @param dv {@code [in, numKvHeads, headDim]}
     * @return {@code [in, hidden]}, gradient of the layer's input
     */
    public double[] projectBackward(LayerTrace trace, double[] dMid, double[] dq, double[] dk, double[] dv) {
        Rows in = trace.in();
        Rows out = trace.out();
        rotary(out).rotateBack(dq, out.count(), numQoHeads(), model.headDim(), 0);
        rotary(in).rotateBack(dk, in.count(), numKvHeads(), model.headDim(), 0);
        double[] dqRaw = headNormBackward(dq, trace.qRaw, layer.qNorm(), trace.rq);
        double[] dkRaw = headNormBackward(dk, trace.kRaw, layer.kNorm(), trace.rk);
        double[] dNormed = kernels.linearBackward(layer.k(), dkRaw, in.count());
        addInPlace(dNormed, kernels.linearBackward(layer.v(), dv, in.count()));
        in.addTo(dNormed, out, kernels.linearBackward(layer.q(), dqRaw, out.count()), model.hidden());
        double[] dx = new double[dNormed.length];
        in.addTo(dx, out, dMid, model.hidden());
        RmsNormMath.backward(dNormed, trace.x, trace.r1, in.count(), layer.attentionNorm(), dx);
        return dx;
    }

    private double[] headNorm(double[] raw, float[] weight, double[] r) {
        if (weight.length == 0) {
            return raw;
        }
        double[] normed = new double[raw.length];
        RmsNormMath.forward(raw, r.length, weight, model.normEps(), r, normed);
        return normed;
    }

    private static double[] headNormBackward(double[] dy, double[] raw, float[] weight, double[] r) {
        if (weight.length == 0) {
            return dy;
        }
        double[] dRaw = new double[raw.length];
        RmsNormMath.backward(dy, raw, r, r.length, weight, dRaw);
        return dRaw;
    }

    private RotaryTable rotary(Rows rows) {
        return model.rotary().table(rows.positions());
    }

    private int numQoHeads() {
        return model.geometry().numQoHeads();
    }

    private int numKvHeads() {
        return model.geometry().numKvHeads();
    }

    private static void addInPlace(double[] sum, double[] term) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += term[i];
        }
    }
}
