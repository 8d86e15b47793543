/** The published layout of Nunchaku's checkpoints: packing formulas, one layer, whole files. */
package dev.filigree.host.quantize.nunchaku;
