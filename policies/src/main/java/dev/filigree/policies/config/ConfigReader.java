package dev.filigree.policies.config;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.api.select.BackendRequest;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.api.tensor.DType;
import dev.filigree.policies.registry.PolicyKind;
import dev.filigree.policies.registry.PolicyRegistry;
import dev.filigree.policies.registry.PolicySection;
import dev.filigree.policies.registry.SectionOptions;
import dev.filigree.policies.yaml.YamlNode;
import dev.filigree.policies.yaml.YamlParser;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Reads config files. Sections and keys are those of {@link RunConfig}; policy sections hold the options their
 * providers declare. Paths are relative to the file. A lone value stands for the first key of a section: {@code
 * attention: dense} is {@code attention: {policy: dense}}.
 */
public final class ConfigReader {
    private static final List<String> DTYPES = List.of("f32", "f16", "bf16");

    private final PolicyRegistry registry;
    private final List<BackendProvider> backends;

    /** A reader that knows these policies and backends. */
    public ConfigReader(PolicyRegistry registry, List<BackendProvider> backends) {
        this.registry = registry;
        this.backends = List.copyOf(backends);
    }

    /** A reader that knows what is installed. */
    public static ConfigReader installed() {
        return new ConfigReader(
                PolicyRegistry.installed(), BackendSelector.installed().providers());
    }

    /**
     * Reads a file with the installed policies and backends.
     *
     * @throws ConfigException with everything that is wrong with it
     */
    public static RunConfig read(Path file) {
        return installed().readFile(file);
    }

    /**
     * Reads a file.
     *
     * @throws ConfigException with everything that is wrong with it
     */
    public RunConfig readFile(Path file) {
        String text;
        try {
            if (Files.isRegularFile(file) && Files.size(file) > 4L * YamlParser.MAX_CHARACTERS) {
                throw failure(file, "must have at most " + YamlParser.MAX_CHARACTERS + " characters");
            }
            text = Files.readString(file);
        } catch (CharacterCodingException e) {
            throw failure(file, "must be UTF-8 text");
        } catch (IOException e) {
            throw failure(file, "cannot be read: " + e);
        }
        return readText(text, file);
    }

    private static ConfigException failure(Path file, String message) {
        return new ConfigException(List.of(new ConfigProblem(file.toString(), 1, "", message)));
    }

    /**
     * Reads text as if it stood in a file.
     *
     * @param text the config
     * @param file names the text in messages; its folder resolves paths; need not exist
     * @throws ConfigException with everything that is wrong with it
     */
    public RunConfig readText(String text, Path file) {
        Problems problems = new Problems(file.toString());
        YamlNode root;
        try {
            root = YamlParser.parse(text, file.toString());
        } catch (YamlParser.RefusedException e) {
            throw new ConfigException(
                    List.of(new ConfigProblem(file.toString(), e.line(), "", String.valueOf(e.getMessage()))));
        }
        Path base = Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(file.toAbsolutePath());
        return new Reading(root, file, base, problems).run();
    }

    /** One file being read. */
    private final class Reading {
        private final Path file;
        private final Problems problems;
        private final Section root;
        private final PathReader paths;
        private final PolicyReader policies;
        private final SimpleSections simple;

        Reading(YamlNode node, Path file, Path base, Problems problems) {
            this.file = file;
            this.problems = problems;
            this.root = new Section("", Optional.of(node), Optional.empty(), problems);
            this.paths = new PathReader(base, problems);
            this.policies = new PolicyReader(registry, paths, problems);
            this.simple = new SimpleSections(paths, problems);
        }

        RunConfig run() {
            Section model = new Section("model", root.take("model"), Optional.of("folder"), problems);
            Optional<Path> folder = folder(model);
            Optional<Path> keySmoothing =
                    model.take("keySmoothing").flatMap(node -> paths.file("model.keySmoothing", node));
            model.refuseOthers();
            Optional<String> compute =
                    root.take("compute").flatMap(node -> new Values(problems).choice("compute", node, DTYPES));
            BackendRequest backend = new BackendSection(root.take("backend"), backends, problems).read();
            Optional<PolicySection> attention = policy(PolicyKind.ATTENTION, "dense");
            Optional<PolicySection> kvCache = policy(PolicyKind.KV_CACHE, "paged");
            Optional<PolicySection> linear = policy(PolicyKind.LINEAR, "plain");
            List<AdapterConfig> adapters = new AdaptersSection(paths, problems).read(root.take("adapters"));
            PromptConfig prompt = simple.prompt(root.take("prompt"));
            GenerationConfig generation = simple.generation(root.take("generation"));
            LimitsConfig limits = simple.limits(root.take("limits"));
            root.refuseOthers();
            attention.filter(s -> problems.isClean(s.path())).ifPresent(s -> checkAttention(s, limits));
            kvCache.filter(s -> problems.isClean(s.path())).ifPresent(this::make);
            linear.filter(s -> problems.isClean(s.path())).ifPresent(this::make);
            problems.throwIfAny();
            return new RunConfig(
                    file,
                    folder.orElseThrow(),
                    keySmoothing,
                    backend,
                    DType.valueOf(compute.orElse("f32").toUpperCase(Locale.ROOT)),
                    attention.orElseThrow(),
                    kvCache.orElseThrow(),
                    linear.orElseThrow(),
                    adapters,
                    prompt,
                    generation,
                    limits,
                    problems.keys());
        }

        private Optional<Path> folder(Section section) {
            Optional<YamlNode> folder = section.take("folder");
            if (folder.isEmpty()) {
                section.problem("folder", "is missing; it names the folder of the checkpoint");
            }
            return folder.flatMap(node -> paths.folder("model.folder", node));
        }

        private Optional<PolicySection> policy(PolicyKind kind, String defaultPolicy) {
            return policies.read(kind, kind.section(), root.take(kind.section()), Optional.of(defaultPolicy));
        }

        private void checkAttention(PolicySection section, LimitsConfig limits) {
            Optional<AttentionPolicy> policy = make(section).map(AttentionPolicy.class::cast);
            int multiple = policy.map(AttentionPolicy::chunkMultiple).orElse(1);
            if (limits.prefillChunk() % multiple != 0) {
                problems.addAt(
                        "limits.prefillChunk",
                        "must be a multiple of " + multiple + " for attention policy " + section.policy() + ", not "
                                + limits.prefillChunk());
            }
        }

        /** Makes a policy only to learn whether its provider accepts the combination of options. */
        private Optional<Object> make(PolicySection section) {
            try {
                return Optional.of(
                        SectionOptions.create(section, registry, section.kind().contract()));
            } catch (PolicyRefusal e) {
                problems.addAt(e.configKey(), e.sentence());
                return Optional.empty();
            }
        }
    }
}
