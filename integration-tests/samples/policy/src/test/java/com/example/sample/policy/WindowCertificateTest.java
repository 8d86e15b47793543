package com.example.sample.policy;

import dev.filigree.api.policy.AttentionPolicyProvider;
import dev.filigree.conformance.PolicyConformance;
import java.util.List;

/** The promises of a policy, on the reference backend: chunks, batches, the cache, and what it keeps of the attention. */
class WindowCertificateTest extends PolicyConformance {

    @Override
    protected AttentionPolicyProvider provider() {
        return new WindowPolicyProvider();
    }

    @Override
    protected List<String> settings() {
        return List.of(
                "sample-window:sink=2:recent=40:denseLayers=1", "sample-window:denseLayers=2:mass>=0.999:recall>=1");
    }
}
