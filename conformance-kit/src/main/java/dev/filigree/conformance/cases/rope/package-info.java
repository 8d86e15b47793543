/** Cases of {@link dev.filigree.api.op.Rope}. */
package dev.filigree.conformance.cases.rope;
