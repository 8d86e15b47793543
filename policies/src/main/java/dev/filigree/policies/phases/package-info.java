/** Attention composed by phase: one policy reads the prompt, another produces tokens. */
package dev.filigree.policies.phases;
