/** Cases of {@link dev.filigree.api.op.PageSelect}. */
package dev.filigree.conformance.cases.pageselect;
