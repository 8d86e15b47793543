/** Calibration of smoothed keys: how large each channel gets, and what smoothing does to scores over 4-bit keys. */
package dev.filigree.host.calibrate.keys;
