/** Cases of {@link dev.filigree.api.op.PageScore}. */
package dev.filigree.conformance.cases.pagescore;
