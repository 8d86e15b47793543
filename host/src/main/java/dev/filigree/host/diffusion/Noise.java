package dev.filigree.host.diffusion;

import java.util.Random;

/** The noise that a picture starts from. */
public final class Noise {
    private Noise() {}

    /**
     * Independent normal values. {@link Random} is specified to the bit, so a seed means the same noise everywhere.
     *
     * @param seed of the picture
     * @param count values
     */
    public static float[] of(long seed, int count) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
