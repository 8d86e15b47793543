/** Cases of {@link dev.filigree.api.op.StreamingAttention}. */
package dev.filigree.conformance.cases.streamingattention;
