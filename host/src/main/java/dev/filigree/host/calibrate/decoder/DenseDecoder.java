package dev.filigree.host.calibrate.decoder;

/** The decoder as it was trained: every head attends to the whole past. */
public final class DenseDecoder {
    private final DecoderArrays model;
    private final DecoderKernels kernels;

    /** Looks at the attention of a layer between the heads and the output projection. */
    @FunctionalInterface
    public interface Visitor {
        /** Looks at nothing. */
        Visitor NONE = (layer, trace, attn, lse) -> {};

        /**
         * Called once per layer.
         *
         * @param trace input, queries, keys and values on all rows
         * @param attn {@code [numTokens, numQoHeads, headDim]}; what is changed here is what goes on
         * @param lse {@code [numTokens, numQoHeads]}
         */
        void visit(int layer, LayerTrace trace, double[] attn, double[] lse);
    }

    /** Attention of another kind in place of dense attention. */
    @FunctionalInterface
    public interface Attention {
        /** The output {@code [numTokens, numQoHeads, headDim]} of one layer over all rows. */
        double[] attend(int layer, LayerTrace trace);
    }

    /** A decoder over the given weights. */
    public DenseDecoder(DecoderArrays model, DecoderKernels kernels) {
        this.model = model;
        this.kernels = kernels;
    }

    /**
     * Embeddings of tokens.
     *
     * @throws IllegalArgumentException if an id is not in the vocabulary
     */
    public double[] embed(int[] tokens, Rows rows) {
        int hidden = model.hidden();
        double[] x = new double[Math.multiplyExact(rows.count(), hidden)];
        for (int row = 0; row < rows.count(); row++) {
            int token = tokens[rows.position(row)];
            if (token < 0 || token >= model.vocabSize()) {
                throw new IllegalArgumentException(
                        "token ids must be 0 to " + (model.vocabSize() - 1) + ", not " + token);
            }
            for (int c = 0; c < hidden; c++) {
                x[row * hidden + c] = model.embedding()[token * hidden + c];
            }
        }
        return x;
    }

    /**
     * Runs layers {@code [firstLayer, numLayers)} on all rows.
     *
     * @param x {@code [numTokens, hidden]}, input of the first layer
     * @return {@code [numTokens, hidden]}, before the final norm
     */
    public double[] run(double[] x, int numTokens, int firstLayer, Visitor visitor) {
        return run(x, numTokens, firstLayer, (layer, trace) -> {
            double[] lse = new double[numTokens * model.geometry().numQoHeads()];
            double[] attn = kernels.dense(trace.q(), trace.k(), trace.v(), numTokens, lse);
            visitor.visit(layer, trace, attn, lse);
            return attn;
        });
    }

    /** Runs all layers with another attention; see {@link #run(double[], int, int, Visitor)}. */
    public double[] run(double[] x, int numTokens, Attention attention) {
        return run(x, numTokens, 0, attention);
    }

    private double[] run(double[] x, int numTokens, int firstLayer, Attention attention) {
        Rows all = Rows.all(numTokens);
        double[] state = x;
        for (int l = firstLayer; l < model.numLayers(); l++) {
            LayerPass pass = new LayerPass(model, l, kernels);
            LayerTrace trace = pass.project(state, all, all);
            state = pass.finish(trace, attention.attend(l, trace));
        }
        return state;
    }

    /**
     * The final norm.
     *
     * @param x {@code [numRows, hidden]}
     * @param r {@code [numRows]}, written
     * @return {@code [numRows, hidden]}
     */
    public double[] finalNorm(double[] x, double[] r) {
        double[] y = new double[x.length];
        RmsNormMath.forward(x, r.length, model.finalNorm(), model.normEps(), r, y);
        return y;
    }
}
