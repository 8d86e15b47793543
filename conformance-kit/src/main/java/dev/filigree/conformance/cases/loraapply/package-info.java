/** Cases of {@link dev.filigree.api.op.LoraApply}. */
package dev.filigree.conformance.cases.loraapply;
