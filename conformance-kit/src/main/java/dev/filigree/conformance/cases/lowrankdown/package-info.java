/** Cases of {@link dev.filigree.api.op.LowRankDown}. */
package dev.filigree.conformance.cases.lowrankdown;
