/** SVDQuant: 4-bit weights and activations beside a 16-bit low-rank branch. */
package dev.filigree.policies.svdquant;
