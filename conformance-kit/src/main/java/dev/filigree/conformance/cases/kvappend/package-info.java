/** Cases of {@link dev.filigree.api.op.KvAppend}. */
package dev.filigree.conformance.cases.kvappend;
