/**
 * A Hugging Face checkpoint folder: the weights in safetensors files, memory-mapped, and the {@code config.json} that says
 * how the decoder computes with them. Everything is checked before it is used.
 */
package dev.filigree.host.checkpoint;
