/** Cases of {@link dev.filigree.api.op.BlockSparseAttention}. */
package dev.filigree.conformance.cases.blocksparseattention;
