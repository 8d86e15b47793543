package dev.filigree.api.policy;

import dev.filigree.api.linear.QuantizedLinear;

/** Provides a linear scheme. */
public non-sealed interface QuantizedLinearProvider extends PolicyProvider<QuantizedLinear> {}
