/** Cases of {@link dev.filigree.api.op.Argmax}. */
package dev.filigree.conformance.cases.argmax;
