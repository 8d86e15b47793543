package dev.filigree.policies.registry;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.kvcache.KVCachePolicy;
import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.api.policy.PolicyProvider;

/** The three contracts a policy may serve. */
public enum PolicyKind {
    /** {@link AttentionPolicy}. */
    ATTENTION("attention", AttentionPolicy.class),
    /** {@link KVCachePolicy}. */
    KV_CACHE("kvCache", KVCachePolicy.class),
    /** {@link QuantizedLinear}. */
    LINEAR("linear", QuantizedLinear.class);

    private final String section;
    private final Class<?> contract;

    PolicyKind(String section, Class<?> contract) {
        this.section = section;
        this.contract = contract;
    }

    /** The key of its section in a config. */
    public String section() {
        return section;
    }

    /** The contract's interface. */
    public Class<?> contract() {
        return contract;
    }

    /** The kind a provider provides. */
    public static PolicyKind of(PolicyProvider<?> provider) {
        return switch (provider) {
            case dev.filigree.api.policy.AttentionPolicyProvider p -> ATTENTION;
            case dev.filigree.api.policy.KVCachePolicyProvider p -> KV_CACHE;
            case dev.filigree.api.policy.QuantizedLinearProvider p -> LINEAR;
        };
    }

    /** The kind of a contract. */
    public static PolicyKind of(Class<?> contract) {
        for (PolicyKind kind : values()) {
            if (kind.contract == contract) {
                return kind;
            }
        }
        throw new IllegalArgumentException("a policy contract is needed, not " + contract.getName());
    }
}
