/** Cases of {@link dev.filigree.api.op.RmsNorm}. */
package dev.filigree.conformance.cases.rmsnorm;
