package dev.filigree.conformance.policy;

import java.util.Arrays;

/**
 * What a step left, token by token.
 *
 * @param out {@code [numTokens * numQoHeads * headDim]}
 * @param lse {@code [numTokens * numQoHeads]}
 */
@SuppressWarnings("ArrayRecordComponent") // compared by no one
record LayerRows(float[] out, float[] lse) {
    private static final int WIDTH = PolicyLayer.NUM_QO_HEADS * PolicyLayer.HEAD_DIM;

    static LayerRows of(LayerRows first, LayerRows second) {
        return new LayerRows(joined(first.out, second.out), joined(first.lse, second.lse));
    }

    private static float[] joined(float[] first, float[] second) {
        float[] all = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
    }

    LayerRows part(int from, int to) {
        return new LayerRows(
                Arrays.copyOfRange(out, from * WIDTH, to * WIDTH),
                Arrays.copyOfRange(lse, from * PolicyLayer.NUM_QO_HEADS, to * PolicyLayer.NUM_QO_HEADS));
    }

    int numTokens() {
        return lse.length / PolicyLayer.NUM_QO_HEADS;
    }

    float lse(int token, int head) {
        return lse[token * PolicyLayer.NUM_QO_HEADS + head];
    }
}
