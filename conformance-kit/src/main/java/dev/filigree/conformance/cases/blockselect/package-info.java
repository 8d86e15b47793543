/** Cases of {@link dev.filigree.api.op.BlockSelect}. */
package dev.filigree.conformance.cases.blockselect;
