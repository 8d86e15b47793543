package dev.filigree.api.policy;

import dev.filigree.api.kvcache.KVCachePolicy;

/** Provides a KV cache policy. */
public non-sealed interface KVCachePolicyProvider extends PolicyProvider<KVCachePolicy> {}
