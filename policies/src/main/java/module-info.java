import org.jspecify.annotations.NullMarked;

/** Attention, KV cache and linear policies: what to compute, with no device in sight. */
@NullMarked
module dev.filigree.policies {
    requires static transitive org.jspecify;
    requires transitive dev.filigree.api;
    requires com.google.common; // Guice needs it and, as an automatic module, cannot say so
    requires transitive com.google.guice;
    requires jakarta.inject;
    requires org.snakeyaml.engine;

    exports dev.filigree.policies.adapters;
    exports dev.filigree.policies.config;
    exports dev.filigree.policies.dense;
    exports dev.filigree.policies.duoattention;
    exports dev.filigree.policies.layer;
    exports dev.filigree.policies.layers;
    exports dev.filigree.policies.lowbit;
    exports dev.filigree.policies.lserve;
    exports dev.filigree.policies.paged;
    exports dev.filigree.policies.pattern;
    exports dev.filigree.policies.phases;
    exports dev.filigree.policies.plain;
    exports dev.filigree.policies.registry;
    exports dev.filigree.policies.streaming;
    exports dev.filigree.policies.svdquant;
    exports dev.filigree.policies.table;
    exports dev.filigree.policies.wiring;
    exports dev.filigree.policies.xattention;

    opens dev.filigree.policies.wiring to
            com.google.guice;

    uses dev.filigree.api.policy.AttentionPolicyProvider;
    uses dev.filigree.api.policy.KVCachePolicyProvider;
    uses dev.filigree.api.policy.QuantizedLinearProvider;

    provides dev.filigree.api.policy.AttentionPolicyProvider with
            dev.filigree.policies.dense.DenseProvider,
            dev.filigree.policies.streaming.StreamingProvider,
            dev.filigree.policies.layers.LayersProvider,
            dev.filigree.policies.phases.PhasesProvider,
            dev.filigree.policies.xattention.XAttentionProvider,
            dev.filigree.policies.duoattention.DuoAttentionProvider,
            dev.filigree.policies.lserve.LServeProvider;
    provides dev.filigree.api.policy.KVCachePolicyProvider with
            dev.filigree.policies.paged.PagedProvider;
    provides dev.filigree.api.policy.QuantizedLinearProvider with
            dev.filigree.policies.plain.PlainProvider,
            dev.filigree.policies.lowbit.W4A16Provider,
            dev.filigree.policies.lowbit.W4A8Provider,
            dev.filigree.policies.lowbit.W8A8Provider,
            dev.filigree.policies.svdquant.SvdQuantProvider;
}
