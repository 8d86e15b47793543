/** Finding places in a text, within a bounded number of steps whatever the file and the text are. */
package dev.filigree.host.tokenizer.pattern;
