/** Cases of {@link dev.filigree.api.op.LayerNorm}. */
package dev.filigree.conformance.cases.layernorm;
