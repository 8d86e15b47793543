/**
 * One decoder described by data, planned whole: from token ids to logits and the next token, over any attention, cache
 * and linear policy.
 */
package dev.filigree.host.decoder;
