/** Cases of {@link dev.filigree.api.op.Modulate}. */
package dev.filigree.conformance.cases.modulate;
