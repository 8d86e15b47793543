package dev.filigree.host.quantize.steps;

/**
 * A smoothing vector and a low-rank branch, both as they will be stored: {@code W = up down + residual}, and the low-bit
 * side holds {@code residual diag(smooth)}.
 *
 * @param smooth {@code [inFeatures]}
 * @param rank of the branch
 * @param up {@code [outFeatures, rank]}
 * @param down {@code [rank, inFeatures]}, for x before shift and smoothing
 */
@SuppressWarnings("ArrayRecordComponent") // handed over once and compared never
public record Split(float[] smooth, int rank, float[] up, float[] down) {}
