/** Cases of {@link dev.filigree.api.op.Sample}. */
package dev.filigree.conformance.cases.sample;
