/** Step 2 of encoding: cuts the text into pieces that the model never merges across, as {@code pre_tokenizer} says. */
package dev.filigree.host.tokenizer.pretokenizer;
