package dev.filigree.integration.lserve;

import java.util.ArrayList;
import java.util.List;

/** One sequence of a {@link LayerRun}: what was appended, and where it lies. */
final class LayerSequence {
    final int slot;
    final List<float[]> keys = new ArrayList<>();
    final List<float[]> values = new ArrayList<>();
    final List<List<Integer>> pages = new ArrayList<>();

    LayerSequence(int slot, int numClasses) {
        this.slot = slot;
        for (int kvClass = 0; kvClass < numClasses; kvClass++) {
            pages.add(new ArrayList<>());
        }
    }

    int length() {
        return keys.size();
    }

    /** One head's part of a token's keys or values. */
    static float[] head(float[] token, int head, int headDim) {
        return java.util.Arrays.copyOfRange(token, head * headDim, (head + 1) * headDim);
    }
}
