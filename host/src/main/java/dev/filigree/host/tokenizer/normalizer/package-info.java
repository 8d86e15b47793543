/** Step 1 of encoding: rewrites the text before it is split, as {@code normalizer} in tokenizer.json says. */
package dev.filigree.host.tokenizer.normalizer;
