/** XAttention: prompts read the key blocks that antidiagonal sums say matter (arXiv 2503.16428). */
package dev.filigree.policies.xattention;
