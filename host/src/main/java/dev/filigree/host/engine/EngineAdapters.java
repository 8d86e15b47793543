package dev.filigree.host.engine;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.Reason;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.host.keys.KeyFold;
import dev.filigree.host.lora.AdapterMemory;
import dev.filigree.host.lora.Adapters;
import dev.filigree.policies.config.AdapterConfig;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * The adapters of an open engine and their buffers. A change is checked in full before anything is replaced. Not
 * thread-safe: the engine's lock guards it.
 */
final class EngineAdapters {
    private final Backend backend;
    private final ExecutionStream stream;
    private final Adapters.Holder files;
    private final KeyFold keys;
    private AdapterMemory memory;

    /**
     * Buffers for a set.
     *
     * @param files holds the set, and closes its files when the engine is closed
     * @param keys factors that adapters of queries and keys take
     */
    EngineAdapters(Backend backend, ExecutionStream stream, Adapters.Holder files, KeyFold keys) {
        this.backend = backend;
        this.stream = stream;
        this.files = files;
        this.keys = keys;
        memory = new AdapterMemory(backend, stream, files.get(), keys);
    }

    /** The set. */
    Adapters attached() {
        return files.get();
    }

    /** The buffer of a tensor, if it is an adapter's. */
    Optional<DeviceBuffer> find(String tensor) {
        return memory.find(tensor);
    }

    /**
     * Attaches an adapter.
     *
     * @param refusals why the backend does not run a model with a set
     * @param replaced is called when the set has changed, before the old buffers go
     */
    void attach(AdapterConfig config, Function<Adapters, List<Reason>> refusals, Runnable replaced) {
        Adapters more = files.get().attach(config);
        boolean done = false;
        try {
            List<Reason> reasons = refusals.apply(more);
            if (!reasons.isEmpty()) {
                throw new IllegalArgumentException(
                        "backend " + backend.name() + " does not run adapter " + config.name() + ": " + reasons);
            }
            replace(more, replaced);
            done = true;
        } finally {
            if (!done) {
                more.find(config.name()).file().close();
            }
        }
    }

    /** Detaches an adapter and closes its file. */
    void detach(String name, Runnable replaced) {
        Adapters.Attached gone = files.get().find(name);
        replace(files.get().detach(name), replaced);
        gone.file().close();
    }

    /** Writes another strength; plans stay. */
    void scale(String name, float strength) {
        Adapters scaled = files.get().scale(name, strength);
        memory.write(scaled);
        files.set(scaled);
    }

    private void replace(Adapters others, Runnable replaced) {
        AdapterMemory next = new AdapterMemory(backend, stream, others, keys);
        AdapterMemory old = memory;
        files.set(others);
        replaced.run();
        memory = next;
        old.close();
    }

    /** Frees the buffers. */
    void close() {
        memory.close();
    }
}
