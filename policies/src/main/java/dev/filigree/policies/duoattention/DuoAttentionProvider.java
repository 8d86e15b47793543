package dev.filigree.policies.duoattention;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.policy.AttentionPolicyProvider;
import dev.filigree.api.policy.OptionSpec;
import dev.filigree.api.policy.PolicyOptions;
import dev.filigree.api.policy.PolicyProvider;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.policies.streaming.StreamingProvider;
import dev.filigree.policies.table.HeadTable;
import dev.filigree.policies.table.HeadTableFile;
import dev.filigree.policies.table.TableException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Makes {@link DuoAttentionPolicy} known. */
public final class DuoAttentionProvider implements AttentionPolicyProvider {
    /** The file of gates inside a published pattern folder. */
    public static final String PATTERN_FILE = "full_attention_heads.tsv";

    private static final String SECONDARY = "secondary";

    @Override
    public String name() {
        return DuoAttentionPolicy.NAME;
    }

    @Override
    public int spiVersion() {
        return PolicyProvider.SPI_VERSION;
    }

    @Override
    public String summary() {
        return "retrieval heads keep everything, streaming heads keep sink and recent tokens";
    }

    @Override
    public List<OptionSpec> options() {
        List<OptionSpec> options = new ArrayList<>();
        options.add(OptionSpec.file("gates", "a table of gates per layer and KV head, or a published pattern folder")
                .required());
        options.add(OptionSpec.number("sparsity", 0.5, 0, 1, "share of heads that stream, lowest gates first"));
        options.add(
                OptionSpec.number("threshold", 0.5, 0, 1, "gate that a retrieval head reaches, instead of sparsity"));
        options.add(OptionSpec.file(
                "tieBreak", "a table of scores that order equal gates; default: the secondary table of gates"));
        options.addAll(StreamingProvider.windowOptions(64, 256));
        options.add(OptionSpec.policy("retrieval", "dense", "plans the retrieval heads"));
        return options;
    }

    @Override
    public AttentionPolicy create(PolicyOptions options) {
        return new DuoAttentionPolicy(new DuoAttentionConfig(
                classes(options),
                StreamingProvider.windows(options),
                options.policy("retrieval", AttentionPolicy.class)));
    }

    private static HeadClasses classes(PolicyOptions options) {
        HeadTableFile file = read(options, "gates")
                .orElseThrow(() -> refusal(options, "gates", "gates must name a file or a pattern folder"));
        HeadTable gates = file.table();
        Optional<HeadTable> given = read(options, "tieBreak").map(HeadTableFile::table);
        Optional<HeadTable> tieBreak = given.or(() -> file.table(SECONDARY));
        if (tieBreak.isPresent()
                && (tieBreak.get().numLayers() != gates.numLayers()
                        || tieBreak.get().numHeads() != gates.numHeads())) {
            throw refusal(
                    options,
                    "tieBreak",
                    "tieBreak must be " + gates.numLayers() + "x" + gates.numHeads() + " as gates, not "
                            + tieBreak.get().numLayers() + "x" + tieBreak.get().numHeads());
        }
        if (!options.isGiven("threshold")) {
            return HeadClasses.bySparsity(gates, options.number("sparsity"), tieBreak);
        }
        if (options.isGiven("sparsity") || given.isPresent()) {
            throw refusal(options, "threshold", "threshold excludes sparsity and tieBreak; give one way to split");
        }
        return HeadClasses.byThreshold(gates, options.number("threshold"));
    }

    private static Optional<HeadTableFile> read(PolicyOptions options, String key) {
        Optional<Path> path = options.file(key);
        if (path.isEmpty()) {
            return Optional.empty();
        }
        Path file = Files.isDirectory(path.get()) ? path.get().resolve(PATTERN_FILE) : path.get();
        try {
            return Optional.of(HeadTableFile.read(file).requireKind("gates"));
        } catch (TableException e) {
            throw refusal(options, key, String.valueOf(e.getMessage()));
        }
    }

    private static PolicyRefusal refusal(PolicyOptions options, String key, String sentence) {
        return new PolicyRefusal(DuoAttentionPolicy.NAME, sentence, options.path(key));
    }
}
