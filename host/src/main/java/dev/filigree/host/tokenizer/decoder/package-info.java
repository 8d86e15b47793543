/**
 * Tokens back to text, as {@code decoder} in tokenizer.json says. The steps are a chain that takes tokens one at a time,
 * so that decoding a stream gives the same text as decoding everything at the end.
 */
package dev.filigree.host.tokenizer.decoder;
