/** Small plans between arrays: what calibration, evaluation and picture models run besides the engine. */
package dev.filigree.host.arrays;
