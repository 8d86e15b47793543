/** Cases of {@link dev.filigree.api.op.KvEvict}. */
package dev.filigree.conformance.cases.kvevict;
