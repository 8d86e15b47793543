package dev.filigree.host.checkpoint;

/**
 * Rotary position embedding (Su et al. 2021, section 3.2.2) and its scaling.
 *
 * @param theta the base of the geometric series of wavelengths
 * @param scaling what is done to it for longer contexts
 */
public record RopeConfig(double theta, RopeScaling scaling) {}
