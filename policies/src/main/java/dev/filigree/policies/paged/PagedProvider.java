package dev.filigree.policies.paged;

import dev.filigree.api.kvcache.KVCachePolicy;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.PrefillReads;
import dev.filigree.api.policy.KVCachePolicyProvider;
import dev.filigree.api.policy.OptionSpec;
import dev.filigree.api.policy.PolicyOptions;
import dev.filigree.api.policy.PolicyProvider;
import dev.filigree.api.policy.PolicyRefusal;
import java.util.List;
import java.util.Locale;

/** Makes {@link PagedPolicy} known. */
public final class PagedProvider implements KVCachePolicyProvider {
    private static final List<String> PRECISIONS = List.of("f16", "f32", "bf16", "int8", "int4");

    @Override
    public String name() {
        return PagedPolicy.NAME;
    }

    @Override
    public int spiVersion() {
        return PolicyProvider.SPI_VERSION;
    }

    @Override
    public String summary() {
        return "pages for heads that keep everything, rings for heads that keep a window, at 32 to 4 bits";
    }

    @Override
    public List<OptionSpec> options() {
        return List.of(
                OptionSpec.integer("pageSize", 64, 1, 4096, "tokens per page"),
                OptionSpec.choice("k", PRECISIONS, "storage of keys"),
                OptionSpec.choice("v", PRECISIONS, "storage of values"),
                OptionSpec.choice(
                        "prefillReads",
                        List.of("stored", "exact"),
                        "what a prompt chunk sees of itself when pages are quantized"));
    }

    @Override
    public KVCachePolicy create(PolicyOptions options) {
        PagedConfig config = new PagedConfig(
                Math.toIntExact(options.integer("pageSize")),
                KvPrecision.valueOf(options.text("k").toUpperCase(Locale.ROOT)),
                KvPrecision.valueOf(options.text("v").toUpperCase(Locale.ROOT)),
                PrefillReads.valueOf(options.text("prefillReads").toUpperCase(Locale.ROOT)));
        if (config.prefillReads() == PrefillReads.EXACT
                && !config.k().isQuantized()
                && !config.v().isQuantized()) {
            throw new PolicyRefusal(
                    PagedPolicy.NAME,
                    "prefillReads exact needs int8 or int4 for k or v, not " + config.k() + " and " + config.v(),
                    options.path("prefillReads"));
        }
        return new PagedPolicy(config);
    }
}
