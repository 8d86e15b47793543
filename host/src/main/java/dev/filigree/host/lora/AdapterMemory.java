package dev.filigree.host.lora;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.host.checkpoint.StoredTensor;
import dev.filigree.host.decoder.DecoderModel;
import dev.filigree.host.keys.KeyFold;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Buffers of attached adapters by the names that plans have for them: factors used where they are mapped, as far as the
 * backend can, and strengths, which may be written between runs. Not thread-safe.
 */
public final class AdapterMemory implements AutoCloseable {
    private final BufferScope scope;
    private final ExecutionStream stream;
    private final Map<String, StoredTensor> factors;
    private final KeyFold keys;
    private final Arena copies = Arena.ofShared();
    private final Map<String, DeviceBuffer> buffers = new HashMap<>();

    /** Memory of a set beside layers as they are stored. */
    public AdapterMemory(Backend backend, ExecutionStream stream, Adapters adapters) {
        this(backend, stream, adapters, KeyFold.NONE);
    }

    /** Memory of a set beside layers that take factors; what is stored is uploaded when it is first asked for. */
    public AdapterMemory(Backend backend, ExecutionStream stream, Adapters adapters, KeyFold keys) {
        this.stream = stream;
        this.keys = keys;
        scope = backend.openScope();
        factors = adapters.factors();
        adapters.strengths().forEach((name, values) -> buffers.put(name, scope.allocate(4L * values.length)));
        write(adapters);
    }

    /** The buffer of a tensor, if it is an adapter's. */
    public Optional<DeviceBuffer> find(String tensor) {
        StoredTensor factor = factors.get(tensor);
        if (factor != null) {
            return Optional.of(buffers.computeIfAbsent(
                    tensor,
                    name -> scope.upload(
                            keys.apply(name, DecoderModel.dtype(factor.spec().type()), factor.data(), copies))));
        }
        return Optional.ofNullable(buffers.get(tensor));
    }

    /** Writes the strengths of a set with the same adapters. */
    public void write(Adapters adapters) {
        try (Arena arena = Arena.ofConfined()) {
            adapters.strengths().forEach((name, values) -> {
                MemorySegment source = arena.allocate(4L * values.length, 4);
                MemorySegment.copy(values, 0, source, ValueLayout.JAVA_FLOAT, 0, values.length);
                DeviceBuffer buffer = buffers.get(name);
                if (buffer == null) {
                    throw new IllegalStateException("strengths " + name + " have no buffer");
                }
                stream.write(source, buffer, 0);
            });
            stream.synchronize();
        }
    }

    @Override
    public void close() {
        scope.close();
        copies.close();
    }
}
