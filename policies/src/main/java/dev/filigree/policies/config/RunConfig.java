package dev.filigree.policies.config;

import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.select.BackendRequest;
import dev.filigree.api.tensor.DType;
import dev.filigree.policies.registry.PolicySection;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * A checked config: what runs, on what, with which policies.
 *
 * @param file the config file, for messages
 * @param model folder of the checkpoint
 * @param keySmoothing factors of smoothed keys, as {@code filigree calibrate keys} writes them
 * @param backend which backend is asked for
 * @param compute dtype of activations: f32, f16 or bf16
 * @param attention the attention policy
 * @param kvCache the KV cache policy
 * @param linear the linear scheme
 * @param adapters what is attached to linear layers, in the order in which it adds
 * @param prompt what the model is asked
 * @param generation how tokens are produced
 * @param limits how large a run may get
 * @param given full keys that the file itself gives; all other values are defaults
 */
public record RunConfig(
        Path file,
        Path model,
        Optional<Path> keySmoothing,
        BackendRequest backend,
        DType compute,
        PolicySection attention,
        PolicySection kvCache,
        PolicySection linear,
        List<AdapterConfig> adapters,
        PromptConfig prompt,
        GenerationConfig generation,
        LimitsConfig limits,
        Set<String> given) {

    /** Copies the collections. */
    public RunConfig {
        adapters = List.copyOf(adapters);
        given = Collections.unmodifiableSet(new TreeSet<>(given));
    }

    /** The same on one backend, named; its options stay. */
    public RunConfig withBackend(String name) {
        BackendOptions options = backend.options();
        boolean auto = name.equals("auto");
        BackendRequest request = new BackendRequest(
                auto ? Optional.empty() : Optional.of(name), List.of(), options, backend.configKey());
        return with(request, adapters, generation, limits);
    }

    /** The same with other generation settings. */
    public RunConfig withGeneration(GenerationConfig other) {
        return with(backend, adapters, other, limits);
    }

    /** The same with other limits. */
    public RunConfig withLimits(LimitsConfig other) {
        return with(backend, adapters, generation, other);
    }

    /** The same with further adapters. */
    public RunConfig withAdapters(List<AdapterConfig> more) {
        List<AdapterConfig> all = new ArrayList<>(adapters);
        all.addAll(more);
        return with(backend, all, generation, limits);
    }

    private RunConfig with(
            BackendRequest request, List<AdapterConfig> all, GenerationConfig generating, LimitsConfig limiting) {
        return new RunConfig(
                file,
                model,
                keySmoothing,
                request,
                compute,
                attention,
                kvCache,
                linear,
                all,
                prompt,
                generating,
                limiting,
                given);
    }

    /** Every effective value, one line each, defaults marked. */
    public String explain() {
        return ConfigText.of(this);
    }

    @Override
    public String toString() {
        return explain();
    }
}
