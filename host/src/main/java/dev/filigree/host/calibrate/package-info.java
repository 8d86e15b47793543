/** Calibration: which heads need the whole past, and how much of it XAttention may leave out. */
package dev.filigree.host.calibrate;
