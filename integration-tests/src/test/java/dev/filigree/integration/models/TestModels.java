package dev.filigree.integration.models;

import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.Probe;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.PrefillReads;
import dev.filigree.api.select.BackendRequest;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.api.select.NoBackendException;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.engine.Engine;
import dev.filigree.host.engine.EngineConfig;
import dev.filigree.integration.process.ProjectTree;
import dev.filigree.policies.config.ConfigReader;
import dev.filigree.policies.config.RunConfig;
import dev.filigree.policies.dense.DensePolicy;
import dev.filigree.policies.paged.PagedConfig;
import dev.filigree.policies.paged.PagedPolicy;
import dev.filigree.policies.plain.PlainLinear;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Assumptions;

/** Checkpoints of the tree and the backends that can run them here. */
final class TestModels {
    /** The decoder variants under hf-tiny. */
    static final List<String> VARIANTS = List.of(
            "llama2", "llama31", "llama-linear", "llama-yarn", "llama-tied-hd64", "mistral-window", "qwen2", "qwen3");

    private TestModels() {}

    static Path tiny(String variant) {
        return ProjectTree.root()
                .resolve("integration-tests/src/test/resources/hf-tiny")
                .resolve(variant);
    }

    static Path needle() {
        return ProjectTree.root().resolve("examples/models/needle-16k");
    }

    /** Names of the CPU backends that are there. */
    static List<String> cpuBackends() {
        return BackendSelector.installed().providers().stream()
                .filter(provider -> provider.name().startsWith("cpu-"))
                .filter(provider -> BackendSelector.probe(provider) instanceof Probe.Available)
                .map(BackendProvider::name)
                .toList();
    }

    /** Dense attention in fp32 over an fp32 cache with small pages. */
    static EngineConfig exact(Path checkpoint, String backend, int maxSeqs, int maxContext) {
        return new EngineConfig(
                checkpoint,
                new DensePolicy(),
                new PagedPolicy(new PagedConfig(16, KvPrecision.F32, KvPrecision.F32, PrefillReads.STORED)),
                new PlainLinear(),
                DType.F32,
                OptionalLong.of(maxContext),
                maxSeqs,
                maxSeqs * maxContext,
                OptionalLong.empty(),
                BackendRequest.named(backend));
    }

    /** Opens an engine; a backend other than the reference that lacks an op ends the test as aborted, with its reasons. */
    static Engine open(EngineConfig config) {
        try {
            return new Engine(config, BackendSelector.installed());
        } catch (NoBackendException e) {
            if (config.backend().name().equals(Optional.of("cpu-reference"))) {
                throw e;
            }
            return Assumptions.abort(e.getMessage());
        }
    }

    /** A config for the demo model, given as YAML without its model line. */
    static RunConfig needleConfig(String yaml) {
        return ConfigReader.installed()
                .readText("model: " + needle() + "\nbackend: cpu-reference\n" + yaml, Path.of("test.yaml"));
    }
}
