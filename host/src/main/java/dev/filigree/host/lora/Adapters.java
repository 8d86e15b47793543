package dev.filigree.host.lora;

import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.host.checkpoint.StoredTensor;
import dev.filigree.host.decoder.DecoderModel;
import dev.filigree.host.engine.Closer;
import dev.filigree.host.quantize.LinearShape;
import dev.filigree.policies.adapters.AdaptedLinear;
import dev.filigree.policies.adapters.AdapterFactors;
import dev.filigree.policies.config.AdapterConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Adapters attached to a model, in the order in which they add. Immutable: attaching, scaling and detaching give another set
 * that shares the open files; each file is closed by whoever takes it out for good.
 *
 * @param model the layers that adapters may be attached to, by name
 * @param attached what is attached
 */
public record Adapters(Map<String, LinearShape> model, List<Attached> attached) {

    /**
     * One adapter.
     *
     * @param config its name, place and strength
     * @param file its factors
     */
    public record Attached(AdapterConfig config, LoraFile file) {}

    /** Copies the list. */
    public Adapters {
        attached = List.copyOf(attached);
    }

    /**
     * Opens adapters.
     *
     * @throws dev.filigree.host.checkpoint.CheckpointException if a file does not fit the model; nothing stays open
     * @throws IllegalArgumentException if two have the same name
     */
    public static Adapters open(List<AdapterConfig> configs, Map<String, LinearShape> model) {
        Adapters adapters = new Adapters(model, List.of());
        boolean opened = false;
        try {
            for (AdapterConfig config : configs) {
                adapters = adapters.attach(config);
            }
            opened = true;
            return adapters;
        } finally {
            if (!opened) {
                adapters.closeAll();
            }
        }
    }

    /** What is attached, without the files. */
    public List<AdapterConfig> configs() {
        return attached.stream().map(Attached::config).toList();
    }

    /**
     * The set with another adapter at its end.
     *
     * @throws dev.filigree.host.checkpoint.CheckpointException if its file does not fit the model
     * @throws IllegalArgumentException if the name is taken
     */
    public Adapters attach(AdapterConfig config) {
        if (attached.stream().anyMatch(one -> one.config().name().equals(config.name()))) {
            throw new IllegalArgumentException("adapter " + config.name()
                    + " is attached already; accepted: another name, or a new strength for it");
        }
        List<Attached> more = new ArrayList<>(attached);
        more.add(new Attached(config, LoraFile.open(config.path(), model)));
        return new Adapters(model, more);
    }

    /** The set with another strength of one adapter. */
    public Adapters scale(String name, float strength) {
        AdapterConfig config = new AdapterConfig(name, find(name).config().path(), strength);
        return new Adapters(
                model,
                attached.stream()
                        .map(one -> one.config().name().equals(name) ? new Attached(config, one.file()) : one)
                        .toList());
    }

    /** The set without an adapter, whose file stays open. */
    public Adapters detach(String name) {
        find(name);
        return new Adapters(
                model,
                attached.stream()
                        .filter(one -> !one.config().name().equals(name))
                        .toList());
    }

    /**
     * The adapter of a name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public Attached find(String name) {
        return attached.stream()
                .filter(one -> one.config().name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no adapter " + name + " is attached; accepted: "
                        + configs().stream().map(AdapterConfig::name).toList()));
    }

    /** A linear policy with these adapters beside it. */
    public QuantizedLinear over(QuantizedLinear base) {
        if (attached.isEmpty()) {
            return base;
        }
        Map<String, List<AdapterFactors>> layers = new LinkedHashMap<>();
        for (Attached one : attached) {
            one.file()
                    .layers()
                    .forEach((name, layer) ->
                            layers.computeIfAbsent(name, n -> new ArrayList<>()).add(factors(one, layer)));
        }
        return new AdaptedLinear(base, layers);
    }

    private static AdapterFactors factors(Attached one, LoraLayer layer) {
        return new AdapterFactors(
                one.config().name(),
                layer.rank(),
                DecoderModel.dtype(layer.down().spec().type()));
    }

    /** The stored factors by the names that plans have for them. */
    Map<String, StoredTensor> factors() {
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        for (Attached one : attached) {
            one.file().layers().forEach((name, layer) -> {
                AdapterFactors names = factors(one, layer);
                tensors.put(name + "." + names.down(), layer.down());
                tensors.put(name + "." + names.up(), layer.up());
            });
        }
        return tensors;
    }

    /** The strengths of each layer by the names that plans have for them. */
    Map<String, float[]> strengths() {
        Map<String, List<Float>> lists = new LinkedHashMap<>();
        for (Attached one : attached) {
            one.file()
                    .layers()
                    .forEach((name, layer) -> lists.computeIfAbsent(
                                    name + "." + AdaptedLinear.STRENGTHS, n -> new ArrayList<>())
                            .add(one.config().strength() * layer.scale()));
        }
        Map<String, float[]> strengths = new LinkedHashMap<>();
        lists.forEach((name, list) -> {
            float[] values = new float[list.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = list.get(i);
            }
            strengths.put(name, values);
        });
        return strengths;
    }

    private void closeAll() {
        try (Closer closer = new Closer()) {
            attached.forEach(one -> closer.add(one.file()));
        }
    }

    /** The set that is in use; closing it closes the files of that set. Not thread-safe. */
    public static final class Holder implements AutoCloseable {
        private Adapters adapters;

        /** Takes over the files of a set. */
        public Holder(Adapters adapters) {
            this.adapters = adapters;
        }

        /** The set. */
        public Adapters get() {
            return adapters;
        }

        /** Puts another set in its place; closes nothing. */
        public void set(Adapters others) {
            adapters = others;
        }

        @Override
        public void close() {
            adapters.closeAll();
        }
    }
}
