/** Cases of {@link dev.filigree.api.op.KvDequantize}. */
package dev.filigree.conformance.cases.kvdequantize;
