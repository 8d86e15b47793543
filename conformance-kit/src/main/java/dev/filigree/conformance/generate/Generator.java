package dev.filigree.conformance.generate;

import java.util.Arrays;
import java.util.SplittableRandom;

/** Reproducible inputs: the same seed gives the same numbers on every machine. Not thread-safe. */
public final class Generator {
    private static final int[] HOSTILE = {Integer.MIN_VALUE, -1, Integer.MAX_VALUE};

    private final SplittableRandom random;

    /** A generator of one seed. */
    public Generator(long seed) {
        random = new SplittableRandom(seed);
    }

    /** A seed made from a text, the same on every machine. */
    public static long seedOf(String text) {
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < text.length(); i++) {
            hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
        }
        return hash;
    }

    /** A whole number from 0 to below the bound. */
    public int below(int bound) {
        return random.nextInt(bound);
    }

    /** A whole number between two, both included. */
    public int between(int low, int high) {
        return random.nextInt(low, high + 1);
    }

    /** Any long. */
    public long anyLong() {
        return random.nextLong();
    }

    /** A number between two. */
    public float uniform(double low, double high) {
        return (float) random.nextDouble(low, high);
    }

    /** Any bytes. */
    public byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = (byte) below(256);
        }
        return bytes;
    }

    /** True with the given chance. */
    public boolean chance(double probability) {
        return random.nextDouble() < probability;
    }

    /** Independent standard normals. */
    public float[] normals(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /**
     * Rows of normals in which a few channels are larger throughout, as activations of language models are.
     *
     * @param rows number of rows
     * @param channels width of a row
     * @param factor size of the large channels
     */
    public float[] outliers(int rows, int channels, float factor) {
        float[] scale = new float[channels];
        Arrays.fill(scale, 1);
        for (int i = 0; i < Math.max(1, channels / 32); i++) {
            if (channels > 0) {
                scale[below(channels)] = factor;
            }
        }
        float[] values = normals(rows * channels);
        for (int i = 0; i < values.length; i++) {
            values[i] *= scale[i % channels];
        }
        return values;
    }

    /** The numbers 0 to count - 1 in random order. */
    public int[] permutation(int count) {
        int[] order = new int[count];
        for (int i = 0; i < count; i++) {
            int j = below(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    /** Distinct numbers below the bound, ascending. */
    public int[] subset(int bound, int count) {
        int[] chosen = Arrays.copyOf(permutation(bound), count);
        Arrays.sort(chosen);
        return chosen;
    }

    /** An index that must never be followed. */
    public int hostile() {
        return HOSTILE[below(HOSTILE.length)];
    }
}
