/** Cases of {@link dev.filigree.api.op.MergeStates}. */
package dev.filigree.conformance.cases.mergestates;
