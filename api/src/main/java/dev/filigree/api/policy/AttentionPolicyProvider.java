package dev.filigree.api.policy;

import dev.filigree.api.attention.AttentionPolicy;

/** Provides an attention policy. */
public non-sealed interface AttentionPolicyProvider extends PolicyProvider<AttentionPolicy> {}
