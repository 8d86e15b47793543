/** Cases of {@link dev.filigree.api.op.PageStats}. */
package dev.filigree.conformance.cases.pagestats;
