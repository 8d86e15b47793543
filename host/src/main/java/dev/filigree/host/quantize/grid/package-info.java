/** The numbers that codes can stand for: scales fitted to weights and activations, and rounding to them. */
package dev.filigree.host.quantize.grid;
