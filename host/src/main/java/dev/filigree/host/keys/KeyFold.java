package dev.filigree.host.keys;

import dev.filigree.api.host.HostTensor;
import dev.filigree.api.linear.LinearStorage;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.checkpoint.Checkpoint;
import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.checkpoint.DecoderConfig;
import dev.filigree.host.checkpoint.StorageIndex;
import dev.filigree.host.checkpoint.WeightRole;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What weights become so that a decoder gives smoothed keys: rows of query projections times the factors, rows of key
 * projections by them. Where queries and keys are normalized per head, the weights of the norms take the factors instead, as a
 * norm would undo them in the projections. Layers at low bit width keep their codes: only what is a factor or an addend of a
 * row changes, and of adapters the second factor.
 */
public final class KeyFold {
    /** Nothing is smoothed. */
    public static final KeyFold NONE = new KeyFold(Map.of());

    private static final Set<String> PLAIN = Set.of("weight", "bias");
    private static final Set<String> SCALED = Set.of("wscales", "wzeros", "bias", "low_rank_up");
    private static final Set<String> CHANNEL_SCALED = Set.of("channel_scales", "bias", "low_rank_up");

    private final Map<String, Rows> layers;

    private KeyFold(Map<String, Rows> layers) {
        this.layers = layers;
    }

    /** What the rows of one layer's tensors are multiplied by. */
    @SuppressWarnings("ArrayRecordComponent") // compared never
    private record Rows(Set<String> tensors, float[] factors) {
        boolean has(String tensor) {
            return tensors.contains(tensor) || (tensor.startsWith("lora.") && tensor.endsWith(".up"));
        }
    }

    /** The factors of a file, if there is one, in the weights of a checkpoint. */
    public static KeyFold of(Checkpoint checkpoint, Optional<Path> file) {
        return file.map(path -> of(checkpoint, KeySmoothing.read(path, checkpoint.config())))
                .orElse(NONE);
    }

    /** Factors in the weights of a checkpoint. */
    public static KeyFold of(Checkpoint checkpoint, KeySmoothing smoothing) {
        return of(checkpoint.config(), StorageIndex.of(checkpoint), smoothing);
    }

    /**
     * Factors in the weights of a decoder.
     *
     * @throws CheckpointException if the norms of queries and keys would need one factor for all heads and there are several
     */
    public static KeyFold of(DecoderConfig config, StorageIndex storage, KeySmoothing smoothing) {
        Map<String, Rows> layers = new HashMap<>();
        for (int layer = 0; layer < config.numLayers(); layer++) {
            if (config.qkNorm()) {
                requireShared(smoothing, layer);
                put(layers, storage, WeightRole.QUERY_NORM.tensorName(layer), rows(config, smoothing, layer, 1, false));
                put(layers, storage, WeightRole.KEY_NORM.tensorName(layer), rows(config, smoothing, layer, 1, true));
            } else {
                float[] queries = rows(config, smoothing, layer, config.numQoHeads(), false);
                put(layers, storage, WeightRole.QUERY.tensorName(layer), queries);
                float[] keys = rows(config, smoothing, layer, config.numKvHeads(), true);
                put(layers, storage, WeightRole.KEY.tensorName(layer), keys);
            }
        }
        return new KeyFold(layers);
    }

    private static void requireShared(KeySmoothing smoothing, int layer) {
        long different = smoothing.factors().get(layer).stream().distinct().count();
        if (different != 1) {
            throw new CheckpointException("key smoothing has " + different + " sets of factors in layer " + layer
                    + "; accepted: one for all heads, as the norms of queries and keys are shared by the heads");
        }
    }

    private static float[] rows(DecoderConfig config, KeySmoothing smoothing, int layer, int heads, boolean inverse) {
        int headDim = config.headDim();
        int group = Math.max(1, heads / config.numKvHeads());
        float[] rows = new float[heads * headDim];
        for (int row = 0; row < rows.length; row++) {
            float factor = smoothing.of(layer, row / headDim / group, row % headDim);
            rows[row] = inverse ? 1 / factor : factor;
        }
        return rows;
    }

    private static void put(Map<String, Rows> layers, StorageIndex storage, String weight, float[] factors) {
        String layer = weight.substring(0, weight.lastIndexOf('.'));
        Set<String> tensors = storage.find(layer).map(KeyFold::scaled).orElse(PLAIN);
        layers.put(layer, new Rows(tensors, factors));
    }

    private static Set<String> scaled(LinearStorage storage) {
        return storage.channelScales().isPresent() ? CHANNEL_SCALED : SCALED;
    }

    /**
     * A tensor with the factors in it.
     *
     * @param name as plans have it, adapters included
     * @param dtype f32, f16, bf16 or e4m3 where the tensor takes factors
     * @param data row-major
     * @param arena of the copy, if one is needed
     * @return the data itself, or a copy
     * @throws CheckpointException if a product is too large for the dtype
     */
    public MemorySegment apply(String name, DType dtype, MemorySegment data, Arena arena) {
        for (int dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
            Rows rows = layers.get(name.substring(0, dot));
            if (rows != null && rows.has(name.substring(dot + 1))) {
                return product(name, dtype, data, rows.factors(), arena);
            }
        }
        return data;
    }

    private static MemorySegment product(String name, DType dtype, MemorySegment data, float[] factors, Arena arena) {
        long count = data.byteSize() * 8 / dtype.bits();
        if (count % factors.length != 0) {
            throw new CheckpointException("tensor " + name + " has " + count + " elements; accepted: a multiple of its "
                    + factors.length + " rows");
        }
        long rowSize = count / factors.length;
        MemorySegment copy = arena.allocate(data.byteSize(), BufferScope.ALIGNMENT_BYTES);
        for (long i = 0; i < count; i++) {
            float value = HostTensor.load(data, 0, dtype, i);
            float product = value * factors[(int) (i / rowSize)];
            HostTensor.store(copy, 0, dtype, i, product);
            if (Float.isFinite(value) && !Float.isFinite(HostTensor.load(copy, 0, dtype, i))) {
                throw new CheckpointException("tensor " + name + " has a " + value + " that smoothing makes " + product
                        + "; accepted: what " + dtype.id() + " can hold");
            }
        }
        return copy;
    }
}
