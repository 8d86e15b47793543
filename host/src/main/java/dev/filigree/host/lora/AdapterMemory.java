package dev.filigree.host.lora;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.host.checkpoint.StoredTensor;
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
    private final Map<String, DeviceBuffer> buffers = new HashMap<>();

    /** Memory of a set; factors are uploaded when they are first asked for. */
    public AdapterMemory(Backend backend, ExecutionStream stream, Adapters adapters) {
        this.stream = stream;
        scope = backend.openScope();
        factors = adapters.factors();
        adapters.strengths().forEach((name, values) -> buffers.put(name, scope.allocate(4L * values.length)));
        write(adapters);
    }

    /** The buffer of a tensor, if it is an adapter's. */
    public Optional<DeviceBuffer> find(String tensor) {
        StoredTensor factor = factors.get(tensor);
        if (factor != null) {
            return Optional.of(buffers.computeIfAbsent(tensor, name -> scope.upload(factor.data())));
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
    }
}
