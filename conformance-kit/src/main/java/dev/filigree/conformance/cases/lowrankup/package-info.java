/** Cases of {@link dev.filigree.api.op.LowRankUp}. */
package dev.filigree.conformance.cases.lowrankup;
