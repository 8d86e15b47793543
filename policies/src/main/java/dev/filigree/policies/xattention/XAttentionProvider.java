package dev.filigree.policies.xattention;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.op.AntidiagonalScore.Residues;
import dev.filigree.api.op.BlockSelect.GroupMode;
import dev.filigree.api.policy.AttentionPolicyProvider;
import dev.filigree.api.policy.OptionSpec;
import dev.filigree.api.policy.PolicyOptions;
import dev.filigree.api.policy.PolicyProvider;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.policies.layers.LayerSet;
import dev.filigree.policies.table.HeadTableFile;
import dev.filigree.policies.table.TableException;
import dev.filigree.policies.xattention.XAttentionConfig.Crossover;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Makes {@link XAttentionPolicy} known. */
public final class XAttentionProvider implements AttentionPolicyProvider {

    @Override
    public String name() {
        return XAttentionPolicy.NAME;
    }

    @Override
    public int spiVersion() {
        return PolicyProvider.SPI_VERSION;
    }

    @Override
    public String summary() {
        return "prompts read the key blocks that antidiagonal sums say matter";
    }

    @Override
    public List<OptionSpec> options() {
        return List.of(
                OptionSpec.numbers(
                        "threshold", 0.9, 0, 1, "share of estimated mass to reach, for all or per query head"),
                OptionSpec.file("thresholds", "a table of thresholds per layer and query head, instead of threshold"),
                OptionSpec.integer("stride", 16, 1, 1024, "tokens per stripe of the estimate, a divisor of blockSize"),
                OptionSpec.integer("blockSize", 128, 1, 4096, "tokens per block"),
                OptionSpec.number("norm", 1, 0.01, 100, "further divisor of estimated scores"),
                OptionSpec.choice(
                        "residues", List.of("antidiagonal", "alternating"), "how tokens of two stripes are paired"),
                OptionSpec.choice(
                        "group",
                        List.of("query-head", "union", "mean", "majority"),
                        "how query heads of one KV head agree on blocks"),
                OptionSpec.bool("keepSink", false, "keep key block 0 in bidirectional layers too"),
                OptionSpec.bool("keepDiagonal", false, "keep the diagonal in bidirectional layers too"),
                OptionSpec.text("denseLayers", "", "layers that stay dense, such as 0-2, 5"),
                OptionSpec.integer(
                        "denseBelow",
                        0,
                        0,
                        1 << 24,
                        "steps of shorter contexts are dense; 0 keeps results independent of chunking"),
                OptionSpec.choice(
                        "crossover",
                        List.of("given", "measured"),
                        "decoder steps are dense below denseBelow, or below the length measured on the backend in use"),
                OptionSpec.integer("warmupSteps", 0, 0, 1000, "denoising steps that stay dense"));
    }

    @Override
    public AttentionPolicy create(PolicyOptions options) {
        int blockSize = Math.toIntExact(options.integer("blockSize"));
        int stride = Math.toIntExact(options.integer("stride"));
        if (blockSize % stride != 0) {
            throw refusal(options, "stride", "stride must divide blockSize " + blockSize + ", not " + stride);
        }
        return new XAttentionPolicy(new XAttentionConfig(
                thresholds(options),
                stride,
                blockSize,
                options.number("norm"),
                Residues.valueOf(word(options, "residues")),
                GroupMode.valueOf(word(options, "group")),
                options.bool("keepSink"),
                options.bool("keepDiagonal"),
                denseLayers(options),
                options.integer("denseBelow"),
                crossover(options),
                Math.toIntExact(options.integer("warmupSteps"))));
    }

    private static Crossover crossover(PolicyOptions options) {
        Crossover crossover = Crossover.valueOf(word(options, "crossover"));
        if (crossover == Crossover.MEASURED && options.isGiven("denseBelow")) {
            throw refusal(
                    options, "crossover", "crossover: measured and denseBelow exclude each other; give one of them");
        }
        return crossover;
    }

    private static String word(PolicyOptions options, String key) {
        return options.text(key).toUpperCase(Locale.ROOT).replace('-', '_');
    }

    private static Thresholds thresholds(PolicyOptions options) {
        Optional<Path> file = options.file("thresholds");
        if (file.isEmpty()) {
            return Thresholds.everyLayer(options.numbers("threshold"));
        }
        if (options.isGiven("threshold")) {
            throw refusal(options, "threshold", "threshold and thresholds exclude each other; give one of them");
        }
        try {
            return new Thresholds(
                    HeadTableFile.read(file.get()).requireKind("thresholds").table());
        } catch (TableException | IllegalArgumentException e) {
            throw refusal(options, "thresholds", String.valueOf(e.getMessage()));
        }
    }

    private static LayerSet denseLayers(PolicyOptions options) {
        try {
            return LayerSet.parse(options.text("denseLayers"));
        } catch (IllegalArgumentException e) {
            throw refusal(options, "denseLayers", String.valueOf(e.getMessage()));
        }
    }

    private static PolicyRefusal refusal(PolicyOptions options, String key, String sentence) {
        return new PolicyRefusal(XAttentionPolicy.NAME, sentence, options.path(key));
    }
}
