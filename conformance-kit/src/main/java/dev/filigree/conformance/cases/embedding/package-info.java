/** Cases of {@link dev.filigree.api.op.Embedding}. */
package dev.filigree.conformance.cases.embedding;
