package dev.filigree.policies.lserve;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.op.PageChoice.SelectionScope;
import dev.filigree.api.policy.AttentionPolicyProvider;
import dev.filigree.api.policy.OptionSpec;
import dev.filigree.api.policy.PolicyOptions;
import dev.filigree.api.policy.PolicyProvider;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.policies.layers.LayerSet;
import java.util.List;
import java.util.Locale;

/** Makes {@link LServePolicy} known. */
public final class LServeProvider implements AttentionPolicyProvider {
    private static final long MAX_TOKENS = 1 << 24;

    @Override
    public String name() {
        return LServePolicy.NAME;
    }

    @Override
    public int spiVersion() {
        return PolicyProvider.SPI_VERSION;
    }

    @Override
    public String summary() {
        return "decode reads the pages whose key bounds score best, within a token budget";
    }

    @Override
    public List<OptionSpec> options() {
        return List.of(
                OptionSpec.integer(
                        "budget", 4096, 1, MAX_TOKENS, "tokens a decode step reads per list, in whole pages"),
                OptionSpec.integer("sink", 64, 0, MAX_TOKENS, "first tokens whose pages are always read"),
                OptionSpec.integer(
                        "logicalPageSize", 16, 1, 4096, "tokens per entry of page statistics, a divisor of pageSize"),
                OptionSpec.integer("reuseInterval", 4, 1, 4096, "steps that share a list; 1 chooses at every step"),
                OptionSpec.choice("lists", List.of("query-head", "kv-group"), "which query heads share a list"),
                OptionSpec.text("denseLayers", "", "layers whose decode reads everything, such as 0-2, 5"),
                OptionSpec.policy("prefill", "dense", "plans prompt chunks"));
    }

    @Override
    public AttentionPolicy create(PolicyOptions options) {
        return new LServePolicy(new LServeConfig(
                options.integer("budget"),
                Math.toIntExact(options.integer("sink")),
                Math.toIntExact(options.integer("logicalPageSize")),
                Math.toIntExact(options.integer("reuseInterval")),
                SelectionScope.valueOf(
                        options.text("lists").toUpperCase(Locale.ROOT).replace('-', '_')),
                denseLayers(options),
                options.policy("prefill", AttentionPolicy.class)));
    }

    private static LayerSet denseLayers(PolicyOptions options) {
        try {
            return LayerSet.parse(options.text("denseLayers"));
        } catch (IllegalArgumentException e) {
            throw new PolicyRefusal(LServePolicy.NAME, String.valueOf(e.getMessage()), options.path("denseLayers"));
        }
    }
}
