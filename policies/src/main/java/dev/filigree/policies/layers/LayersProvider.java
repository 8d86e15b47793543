package dev.filigree.policies.layers;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.policy.AttentionPolicyProvider;
import dev.filigree.api.policy.OptionSpec;
import dev.filigree.api.policy.PolicyOptions;
import dev.filigree.api.policy.PolicyProvider;
import dev.filigree.api.policy.PolicyRefusal;
import java.util.ArrayList;
import java.util.List;

/** Makes {@link LayersPolicy} known. */
public final class LayersProvider implements AttentionPolicyProvider {

    @Override
    public String name() {
        return LayersPolicy.NAME;
    }

    @Override
    public int spiVersion() {
        return PolicyProvider.SPI_VERSION;
    }

    @Override
    public String summary() {
        return "another policy for some layers";
    }

    @Override
    public List<OptionSpec> options() {
        return List.of(
                OptionSpec.policies("ranges", "layers", "policies with the layers they plan, such as 0-2, 5"),
                OptionSpec.policy("rest", "dense", "plans the layers of no range"));
    }

    @Override
    public AttentionPolicy create(PolicyOptions options) {
        List<LayersPolicy.LayerPolicy> ranges = new ArrayList<>();
        for (PolicyOptions.SelectedPolicy<AttentionPolicy> part : options.policies("ranges", AttentionPolicy.class)) {
            LayerSet layers = layers(part);
            for (LayersPolicy.LayerPolicy earlier : ranges) {
                if (earlier.layers().overlaps(layers)) {
                    throw refusal(part, layers + " and " + earlier.layers() + " must not overlap");
                }
            }
            ranges.add(new LayersPolicy.LayerPolicy(layers, part.policy()));
        }
        return new LayersPolicy(ranges, options.policy("rest", AttentionPolicy.class));
    }

    private static LayerSet layers(PolicyOptions.SelectedPolicy<AttentionPolicy> part) {
        try {
            LayerSet layers = LayerSet.parse(part.selector());
            if (!layers.ranges().isEmpty()) {
                return layers;
            }
        } catch (IllegalArgumentException e) {
            throw refusal(part, String.valueOf(e.getMessage()));
        }
        throw refusal(part, "layers must name at least one layer, not \"" + part.selector() + "\"");
    }

    private static PolicyRefusal refusal(PolicyOptions.SelectedPolicy<AttentionPolicy> part, String sentence) {
        return new PolicyRefusal(LayersPolicy.NAME, sentence, part.path() + ".layers");
    }
}
