/** Rates of the ops that a run spends its time in, at the sizes of a real model, on whatever backend is there. */
package dev.filigree.conformance.rates;
