/** Prompts that can only be answered by looking far back: what heads and thresholds are calibrated on. */
package dev.filigree.host.calibrate.data;
