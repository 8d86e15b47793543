/**
 * A decoder opened up for calibration: its arithmetic step by step with every intermediate at hand, forward and, for
 * inputs only, backward. Matrix products and attention run as ops of a backend; what lies between them is fp64 over
 * arrays, so that the derivation can be checked to fp64 precision.
 */
package dev.filigree.host.calibrate.decoder;
