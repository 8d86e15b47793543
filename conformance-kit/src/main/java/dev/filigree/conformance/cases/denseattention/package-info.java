/** Cases of {@link dev.filigree.api.op.DenseAttention}. */
package dev.filigree.conformance.cases.denseattention;
