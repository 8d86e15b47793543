/**
 * Diffusion transformers described by data: a text-to-picture model whose steps are planned over any attention and linear
 * policy, sampled from noise to picture on any backend.
 */
package dev.filigree.host.diffusion;
