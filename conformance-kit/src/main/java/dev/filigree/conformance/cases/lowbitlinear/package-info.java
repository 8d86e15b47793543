/** Cases of {@link dev.filigree.api.op.LowBitLinear}. */
package dev.filigree.conformance.cases.lowbitlinear;
