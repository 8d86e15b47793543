package dev.filigree.policies.streaming;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.policy.AttentionPolicyProvider;
import dev.filigree.api.policy.OptionSpec;
import dev.filigree.api.policy.PolicyOptions;
import dev.filigree.api.policy.PolicyProvider;
import java.util.List;

/** Makes {@link StreamingPolicy} known. */
public final class StreamingProvider implements AttentionPolicyProvider {
    private static final long MAX_WINDOW = 1 << 24;

    /** The options {@code sink} and {@code recent}, as other policies with streaming heads offer them too. */
    public static List<OptionSpec> windowOptions(long sink, long recent) {
        return List.of(
                OptionSpec.integer("sink", sink, 0, MAX_WINDOW, "tokens from the start that every query sees"),
                OptionSpec.integer("recent", recent, 1, MAX_WINDOW, "last tokens a query sees, its own included"));
    }

    /** The windows that the options give. */
    public static StreamingConfig windows(PolicyOptions options) {
        return new StreamingConfig(
                Math.toIntExact(options.integer("sink")), Math.toIntExact(options.integer("recent")));
    }

    @Override
    public String name() {
        return StreamingPolicy.NAME;
    }

    @Override
    public int spiVersion() {
        return PolicyProvider.SPI_VERSION;
    }

    @Override
    public String summary() {
        return "every head sees the first and the most recent tokens only";
    }

    @Override
    public List<OptionSpec> options() {
        return windowOptions(4, 1024);
    }

    @Override
    public AttentionPolicy create(PolicyOptions options) {
        return new StreamingPolicy(windows(options));
    }
}
