/** Cases of {@link dev.filigree.api.op.Add}. */
package dev.filigree.conformance.cases.add;
