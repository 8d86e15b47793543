/** Cases of {@link dev.filigree.api.op.ActivationQuantize}. */
package dev.filigree.conformance.cases.activationquantize;
