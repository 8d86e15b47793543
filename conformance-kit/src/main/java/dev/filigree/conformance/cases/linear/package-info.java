/** Cases of {@link dev.filigree.api.op.Linear}. */
package dev.filigree.conformance.cases.linear;
