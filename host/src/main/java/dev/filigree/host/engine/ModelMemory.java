package dev.filigree.host.engine;

import dev.filigree.api.attention.ConstantTable;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.host.checkpoint.Checkpoint;
import dev.filigree.host.decoder.DecoderModel;
import dev.filigree.host.decoder.DecoderPlan;
import dev.filigree.host.decoder.DecoderTensors;
import dev.filigree.host.keys.KeyFold;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;

/**
 * What lives as long as the model: weights used where the checkpoint is mapped or, where they take factors of smoothed keys,
 * copies of them; tables, KV page pools, and state that policies keep per sequence.
 */
final class ModelMemory implements AutoCloseable {
    private final BufferScope scope;
    private final Checkpoint checkpoint;
    private final EngineAdapters adapters;
    private final KeyFold keys;
    private final Arena tables = Arena.ofShared();
    private final Map<String, DeviceBuffer> buffers = new HashMap<>();
    private final PagePools pages;
    private final PolicyRows policyRows;

    ModelMemory(
            BufferScope scope, Checkpoint checkpoint, ExecutionStream stream, EngineAdapters adapters, KeyFold keys) {
        this.scope = scope;
        this.checkpoint = checkpoint;
        this.adapters = adapters;
        this.keys = keys;
        pages = new PagePools(stream);
        policyRows = new PolicyRows(stream);
    }

    /** Allocates the page pools of a cache, zero-filled. */
    void allocatePages(KvCachePlan kv) {
        pages.allocate(kv, scope, buffers::put);
    }

    /** The pages of all layers. */
    PagePools pages() {
        return pages;
    }

    /** What policies know about sequences. */
    PolicyRows policyRows() {
        return policyRows;
    }

    /** Uploads what a plan needs beside the checkpoint's tensors; what is there already stays. */
    void provide(DecoderPlan plan, DecoderModel model) {
        if (!buffers.containsKey(DecoderTensors.FREQUENCIES.name())) {
            upload(DecoderTensors.FREQUENCIES.name(), model.frequencies().toArray());
        }
        for (ConstantTable table : plan.constants().values()) {
            if (!buffers.containsKey(table.decl().ref().name())) {
                float[] values = new float[table.values().size()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = table.values().get(i);
                }
                upload(table.decl().ref().name(), values);
            }
        }
        plan.policyState().forEach((name, decl) -> {
            if (!buffers.containsKey(name)) {
                DeviceBuffer buffer = scope.allocate(decl.capacityBytes());
                buffers.put(name, buffer);
                policyRows.add(buffer, decl);
            }
        });
    }

    /** The buffer of a weight or of a state tensor. */
    DeviceBuffer buffer(TensorDecl decl) {
        return adapters.find(decl.ref().name())
                .orElseGet(() -> buffers.computeIfAbsent(
                        decl.ref().name(),
                        name -> scope.upload(keys.apply(
                                name,
                                decl.dtype(),
                                WeightCheck.find(checkpoint, decl).data(),
                                tables))));
    }

    private void upload(String name, float[] values) {
        MemorySegment data = tables.allocate(4L * values.length, BufferScope.ALIGNMENT_BYTES);
        MemorySegment.copy(values, 0, data, ValueLayout.JAVA_FLOAT, 0, values.length);
        buffers.put(name, scope.upload(data));
    }

    @Override
    public void close() {
        scope.close();
        tables.close();
    }
}
