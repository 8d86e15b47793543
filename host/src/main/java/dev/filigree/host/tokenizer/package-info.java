/**
 * Text to token ids and back, read from the {@code tokenizer.json} of a Hugging Face checkpoint. The steps have a package
 * each, in the order they run: {@code normalizer}, {@code pretokenizer}, {@code model}; and {@code decoder} for the way
 * back.
 */
package dev.filigree.host.tokenizer;
