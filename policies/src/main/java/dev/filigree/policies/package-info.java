/** Attention, KV cache and linear policies: what to compute, with no device in sight. */
package dev.filigree.policies;
