/** The two ways in which token strings write single bytes, and UTF-8 that arrives in parts. */
package dev.filigree.host.tokenizer.bytes;
