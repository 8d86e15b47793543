package dev.filigree.host.diffusion;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.ConstantTable;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.host.lora.AdapterMemory;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** The buffers that the plans of a painter share by name: weights where they are mapped, everything else allocated once. */
final class DitBuffers {
    private final DitCheckpoint checkpoint;
    private final BufferScope scope;
    private final AdapterMemory adapters;
    private final Map<String, DeviceBuffer> buffers = new HashMap<>();
    private long weightBytes;

    DitBuffers(DitCheckpoint checkpoint, BufferScope scope, AdapterMemory adapters) {
        this.checkpoint = checkpoint;
        this.adapters = adapters;
        this.scope = scope;
    }

    /** The buffers of a plan by tensor name. */
    Map<String, DeviceBuffer> of(DitPlan dit) {
        Set<String> tables = dit.blocks().stream()
                .map(AttentionPlan::constants)
                .flatMap(java.util.List::stream)
                .map(ConstantTable::decl)
                .map(decl -> decl.ref().name())
                .collect(Collectors.toSet());
        for (TensorDecl decl : dit.plan().tensors().all()) {
            if (decl.role() != TensorRole.TEMP) {
                boolean stored = decl.role() == TensorRole.WEIGHT
                        && !tables.contains(decl.ref().name());
                buffers.computeIfAbsent(
                        decl.ref().name(),
                        name -> adapters.find(name)
                                .orElseGet(() -> stored ? weight(decl) : scope.allocate(decl.capacityBytes())));
            }
        }
        return buffers;
    }

    private DeviceBuffer weight(TensorDecl decl) {
        weightBytes += decl.capacityBytes();
        return scope.upload(checkpoint.find(decl).data());
    }

    /** Bytes of the weights in use. */
    long weightBytes() {
        return weightBytes;
    }
}
