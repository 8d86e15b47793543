/** Cases of {@link dev.filigree.api.op.KvCopy}. */
package dev.filigree.conformance.cases.kvcopy;
