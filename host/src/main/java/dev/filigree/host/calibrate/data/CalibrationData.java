package dev.filigree.host.calibrate.data;

/** An endless, numbered supply of samples; equal numbers give equal samples. */
public interface CalibrationData {

    /** Sample {@code index}, 0 or more. */
    CalibrationSample sample(long index);

    /** Tokens of the longest sample. */
    int maxTokens();

    /** Everything that decides about the samples, for people and for refusing to resume with others. */
    String describe();
}
