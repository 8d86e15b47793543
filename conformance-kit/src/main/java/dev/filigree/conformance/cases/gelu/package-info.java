/** Cases of {@link dev.filigree.api.op.Gelu}. */
package dev.filigree.conformance.cases.gelu;
