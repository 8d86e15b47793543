/** Cases of {@link dev.filigree.api.op.SwiGlu}. */
package dev.filigree.conformance.cases.swiglu;
