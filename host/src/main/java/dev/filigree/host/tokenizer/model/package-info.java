/** Step 3 of encoding: pieces of text to token ids, as {@code model} in tokenizer.json says. */
package dev.filigree.host.tokenizer.model;
