/** Attention composed by layer: another policy for some layers. */
package dev.filigree.policies.layers;
