package dev.filigree.host.calibrate.data;

import java.util.Arrays;

/**
 * One calibration prompt.
 *
 * @param tokens {@code [numTokens]}, ids
 * @param labels ascending positions whose hidden states count
 */
@SuppressWarnings("ArrayRecordComponent") // Equality below goes by content.
public record CalibrationSample(int[] tokens, int[] labels) {

    /**
     * Checks the labels.
     *
     * @throws IllegalArgumentException if there is none, or one is out of order or outside the tokens
     */
    public CalibrationSample {
        tokens = tokens.clone();
        labels = labels.clone();
        if (labels.length == 0) {
            throw new IllegalArgumentException("a calibration sample needs at least one labelled position, not 0");
        }
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0 || labels[i] >= tokens.length || (i > 0 && labels[i] <= labels[i - 1])) {
                throw new IllegalArgumentException("labels must ascend within 0 to " + (tokens.length - 1) + ", not "
                        + labels[i] + " as entry " + i);
            }
        }
    }

    /** Number of tokens. */
    public int numTokens() {
        return tokens.length;
    }

    /** The first labelled position. */
    public int firstLabel() {
        return labels[0];
    }

    @Override
    public boolean equals(@org.jspecify.annotations.Nullable Object other) {
        return other instanceof CalibrationSample that
                && Arrays.equals(tokens, that.tokens)
                && Arrays.equals(labels, that.labels);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(tokens) + Arrays.hashCode(labels);
    }

    @Override
    public String toString() {
        return "sample of " + tokens.length + " tokens, " + labels.length + " labelled from " + labels[0];
    }
}
