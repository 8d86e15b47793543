/** Cases of {@link dev.filigree.api.op.PagedAttention}. */
package dev.filigree.conformance.cases.pagedattention;
