/** The steps of quantizing one group of layers: smoothing, low-rank split, refinement, GPTQ (SVDQuant section 4). */
package dev.filigree.host.quantize.steps;
