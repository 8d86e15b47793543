/** Minimum thresholds for XAttention per layer and query head, by profile or by dynamic program. */
package dev.filigree.host.calibrate.thresholds;
