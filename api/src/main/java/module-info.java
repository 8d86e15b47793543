import org.jspecify.annotations.NullMarked;

/**
 * The vocabulary of Filigree: tensors, ops, plans, the three contracts, and the backend and policy SPIs. Depends
 * on nothing.
 */
@NullMarked
module dev.filigree.api {
    requires static transitive org.jspecify;

    exports dev.filigree.api.tensor;
    exports dev.filigree.api.plan;
    exports dev.filigree.api.op;
    exports dev.filigree.api.attention;
    exports dev.filigree.api.kvcache;
    exports dev.filigree.api.linear;
    exports dev.filigree.api.policy;
    exports dev.filigree.api.backend;
    exports dev.filigree.api.host;
    exports dev.filigree.api.select;

    uses dev.filigree.api.backend.BackendProvider;
    uses dev.filigree.api.policy.AttentionPolicyProvider;
    uses dev.filigree.api.policy.KVCachePolicyProvider;
    uses dev.filigree.api.policy.QuantizedLinearProvider;
}
