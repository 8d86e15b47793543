package dev.filigree.host.engine;

/** What a step computed. Valid only while the engine shows it. */
public interface StepResults {

    /** The token drawn after the last token of a sequence of the step. */
    int nextToken(int seq);

    /**
     * Copies logits.
     *
     * @param row a sequence of the step, or one of its tokens where every position was asked for
     * @param target filled from the start, one value per vocabulary entry
     */
    void logits(int row, float[] target);

    /**
     * Copies a hidden state, where every position was asked for.
     *
     * @param index 0 for the embedding, 1 to numLayers for the residual stream after each layer, then the final norm
     * @param row a token of the step
     * @param target filled from the start, one value per hidden channel
     */
    void state(int index, int row, float[] target);
}
