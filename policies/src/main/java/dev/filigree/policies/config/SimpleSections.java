package dev.filigree.policies.config;

import dev.filigree.policies.yaml.YamlNode;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/** Reads the sections that no policy declares. */
final class SimpleSections {
    private static final long MAX_TOKENS = 1L << 24;

    private final PathReader paths;
    private final Problems problems;
    private final Values values;

    SimpleSections(PathReader paths, Problems problems) {
        this.paths = paths;
        this.problems = problems;
        this.values = new Values(problems);
    }

    PromptConfig prompt(Optional<YamlNode> node) {
        Section section = new Section("prompt", node, Optional.of("text"), problems);
        Optional<String> text = section.take("text").flatMap(n -> values.text("prompt.text", n));
        Optional<Path> file = section.take("file").flatMap(n -> paths.file("prompt.file", n));
        if (section.has("text") && section.has("file")) {
            section.problem("file", "excludes prompt.text; give one of them");
        }
        section.refuseOthers();
        return new PromptConfig(text, file);
    }

    GenerationConfig generation(Optional<YamlNode> node) {
        Section section = new Section("generation", node, Optional.empty(), problems);
        GenerationConfig d = GenerationConfig.DEFAULT;
        GenerationConfig read = new GenerationConfig(
                (int) integer(section, "maxTokens", d.maxTokens(), 0, MAX_TOKENS),
                number(section, "temperature", d.temperature(), 0, 100),
                (int) integer(section, "topK", d.topK(), 0, 1 << 20),
                number(section, "topP", d.topP(), 0.001, 1),
                integer(section, "seed", d.seed(), Long.MIN_VALUE, Long.MAX_VALUE),
                section.take("stopAtEos")
                        .flatMap(n -> values.bool("generation.stopAtEos", n))
                        .orElse(d.stopAtEos()));
        if (read.temperature() == 0) {
            refuseGreedy(section, "topK", read.topK() != d.topK());
            refuseGreedy(section, "topP", read.topP() != d.topP());
        }
        section.refuseOthers();
        return read;
    }

    private static void refuseGreedy(Section section, String name, boolean set) {
        if (set) {
            section.problem(name, "needs generation.temperature above 0; at 0 the likeliest token is taken");
        }
    }

    LimitsConfig limits(Optional<YamlNode> node) {
        Section section = new Section("limits", node, Optional.empty(), problems);
        LimitsConfig d = LimitsConfig.DEFAULT;
        OptionalLong maxContext = section.take("maxContext")
                .map(n -> values.integer("limits.maxContext", n, 1, MAX_TOKENS))
                .orElse(OptionalLong.empty());
        int maxSeqs = (int) integer(section, "maxSeqs", d.maxSeqs(), 1, 1 << 16);
        int prefillChunk = (int) integer(section, "prefillChunk", d.prefillChunk(), 1, 1 << 20);
        OptionalLong kvBudget = section.take("kvBudget")
                .map(n -> values.bytes("limits.kvBudget", n))
                .orElse(OptionalLong.empty());
        int maxQueue = (int) integer(section, "maxQueue", d.maxQueue(), 0, 1 << 20);
        int prefixCache = (int) integer(section, "prefixCache", d.prefixCache(), 0, 1 << 16);
        long swapBudget = section.take("swapBudget")
                .map(n -> values.bytes("limits.swapBudget", n))
                .orElse(OptionalLong.empty())
                .orElse(d.swapBudgetBytes());
        section.refuseOthers();
        return new LimitsConfig(maxContext, maxSeqs, prefillChunk, kvBudget, maxQueue, swapBudget, prefixCache);
    }

    private long integer(Section section, String name, long otherwise, long minimum, long maximum) {
        return section.take(name)
                .map(n -> values.integer(section.key(name), n, minimum, maximum))
                .orElse(OptionalLong.empty())
                .orElse(otherwise);
    }

    private double number(Section section, String name, double otherwise, double minimum, double maximum) {
        return section.take(name)
                .map(n -> values.number(section.key(name), n, minimum, maximum))
                .orElse(java.util.OptionalDouble.empty())
                .orElse(otherwise);
    }
}
