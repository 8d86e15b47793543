/** Low-bit products, quantization and low-rank branches, cut so that fused and separate steps share every loop. */
package dev.filigree.cpu.vector.lowbit;
