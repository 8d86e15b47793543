package dev.filigree.host.calibrate.heads.score;

import dev.filigree.host.calibrate.data.CalibrationSample;

/** One way to tell retrieval heads from streaming heads; adds up over samples. Not thread-safe. */
public interface HeadScore {

    /** Looks at one more sample. */
    void add(CalibrationSample sample);

    /** Mean over the samples so far, {@code [numLayers, numKvHeads]}; the higher, the more a head needs the past. */
    double[] scores();
}
