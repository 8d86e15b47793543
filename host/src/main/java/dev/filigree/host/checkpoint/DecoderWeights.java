package dev.filigree.host.checkpoint;

import dev.filigree.host.json.Quote;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The tensors of a decoder, by role and layer. An instance exists only if all of them were there, with the right shapes and
 * types; linear layers that are stored at low bit width are left to whoever plans them.
 */
public final class DecoderWeights {
    private static final Set<StoredType> ACCEPTED_TYPES = EnumSet.of(StoredType.F32, StoredType.F16, StoredType.BF16);
    private static final int MAX_REPORTED_STRAYS = 5;

    private final Map<WeightRole, Map<Integer, StoredTensor>> tensors;

    private DecoderWeights(Map<WeightRole, Map<Integer, StoredTensor>> tensors) {
        this.tensors = tensors;
    }

    /**
     * The shape of every role that a decoder has.
     *
     * @return sizes, outermost first; roles the decoder does not have are absent, so is the output projection of a decoder
     *     with tied embeddings
     */
    public static Map<WeightRole, List<Long>> shapes(DecoderConfig config) {
        long hidden = config.hiddenSize();
        long inner = config.intermediateSize();
        long query = (long) config.numQoHeads() * config.headDim();
        long keyValue = (long) config.numKvHeads() * config.headDim();
        Map<WeightRole, List<Long>> shapes = new EnumMap<>(WeightRole.class);
        shapes.put(WeightRole.EMBEDDING, List.of((long) config.vocabSize(), hidden));
        shapes.put(WeightRole.FINAL_NORM, List.of(hidden));
        if (!config.tiedEmbeddings()) {
            shapes.put(WeightRole.LM_HEAD, List.of((long) config.vocabSize(), hidden));
        }
        shapes.put(WeightRole.ATTENTION_NORM, List.of(hidden));
        shapes.put(WeightRole.MLP_NORM, List.of(hidden));
        linear(shapes, WeightRole.QUERY, WeightRole.QUERY_BIAS, query, hidden, config.qkvBias());
        linear(shapes, WeightRole.KEY, WeightRole.KEY_BIAS, keyValue, hidden, config.qkvBias());
        linear(shapes, WeightRole.VALUE, WeightRole.VALUE_BIAS, keyValue, hidden, config.qkvBias());
        linear(shapes, WeightRole.OUTPUT, WeightRole.OUTPUT_BIAS, hidden, query, config.outputBias());
        linear(shapes, WeightRole.GATE, WeightRole.GATE_BIAS, inner, hidden, config.mlpBias());
        linear(shapes, WeightRole.UP, WeightRole.UP_BIAS, inner, hidden, config.mlpBias());
        linear(shapes, WeightRole.DOWN, WeightRole.DOWN_BIAS, hidden, inner, config.mlpBias());
        if (config.qkNorm()) {
            shapes.put(WeightRole.QUERY_NORM, List.of((long) config.headDim()));
            shapes.put(WeightRole.KEY_NORM, List.of((long) config.headDim()));
        }
        return shapes;
    }

    private static void linear(
            Map<WeightRole, List<Long>> shapes, WeightRole weight, WeightRole bias, long out, long in, boolean biased) {
        shapes.put(weight, List.of(out, in));
        if (biased) {
            shapes.put(bias, List.of(out));
        }
    }

    /**
     * Finds the tensors of {@code checkpoint.config()}.
     *
     * @throws CheckpointException if any is missing, has another shape or a type other than F32, F16 or BF16, or if there
     *     are tensors the decoder would not use, such as a bias it does not have; all problems are listed
     */
    public static DecoderWeights of(Checkpoint checkpoint) {
        DecoderConfig config = checkpoint.config();
        List<String> problems = new ArrayList<>();
        Map<String, StoredTensor> unused = new HashMap<>(checkpoint.tensors());
        Map<WeightRole, Map<Integer, StoredTensor>> found = new EnumMap<>(WeightRole.class);
        StorageIndex lowBit = StorageIndex.of(checkpoint);
        lowBit.tensorNames().forEach(unused::remove);
        shapes(config).forEach((role, shape) -> {
            Map<Integer, StoredTensor> layers = new HashMap<>();
            for (int layer = 0; layer < (role.perLayer() ? config.numLayers() : 1); layer++) {
                StoredTensor tensor = unused.remove(role.tensorName(layer));
                if (tensor == null && lowBit.replaces(role.tensorName(layer))) {
                    continue;
                }
                if (tensor == null) {
                    problems.add(checkpoint.folder() + ": tensor " + role.tensorName(layer)
                            + " is missing; accepted: shape " + shape + " of F32, F16 or BF16");
                } else {
                    check(tensor, shape, problems);
                    layers.put(layer, tensor);
                }
            }
            found.put(role, layers);
        });
        reportStrays(checkpoint, unused.values(), problems);
        if (!problems.isEmpty()) {
            throw new CheckpointException(checkpoint.folder().toString(), problems);
        }
        return new DecoderWeights(found);
    }

    private static void check(StoredTensor tensor, List<Long> shape, List<String> problems) {
        TensorSpec spec = tensor.spec();
        if (!spec.shape().equals(shape)) {
            problems.add(tensor.file() + ": tensor " + spec.name() + " has shape " + spec.shape() + "; accepted: "
                    + shape + ", which config.json asks for");
        }
        if (!ACCEPTED_TYPES.contains(spec.type())) {
            problems.add(tensor.file() + ": tensor " + spec.name() + " has type " + spec.type()
                    + "; accepted: F32, F16, BF16");
        }
    }

    private static void reportStrays(Checkpoint checkpoint, Collection<StoredTensor> unused, List<String> problems) {
        List<StoredTensor> strays = unused.stream()
                .filter(tensor -> !isHarmless(tensor.spec().name(), checkpoint.config()))
                .sorted((a, b) -> a.spec().name().compareTo(b.spec().name()))
                .toList();
        for (StoredTensor stray : strays.subList(0, Math.min(strays.size(), MAX_REPORTED_STRAYS))) {
            problems.add(stray.file() + ": tensor " + Quote.name(stray.spec().name())
                    + " has no use in this decoder (one of " + strays.size() + "); accepted: the tensors of a "
                    + checkpoint.config().modelType() + " decoder of "
                    + checkpoint.config().numLayers() + " layers with the biases config.json names");
        }
    }

    /** Old files store the rotary frequencies, and some a copy of the tied embedding; both follow from the rest. */
    private static boolean isHarmless(String name, DecoderConfig config) {
        return name.endsWith(".rotary_emb.inv_freq")
                || (config.tiedEmbeddings() && name.equals(WeightRole.LM_HEAD.tensorName(0)));
    }

    /** Whether the decoder has tensors of this role; the output projection counts with tied embeddings too. */
    public boolean has(WeightRole role) {
        return tensors.containsKey(role) || role == WeightRole.LM_HEAD;
    }

    /**
     * The tensor of {@code role} in {@code layer}; with tied embeddings the output projection is the embedding.
     *
     * @param layer from 0; 0 for roles that are not per layer
     * @throws IllegalArgumentException if the decoder has no such role or layer
     */
    public StoredTensor get(WeightRole role, int layer) {
        boolean tied = role == WeightRole.LM_HEAD && !tensors.containsKey(role);
        Map<Integer, StoredTensor> layers = tensors.getOrDefault(tied ? WeightRole.EMBEDDING : role, Map.of());
        StoredTensor tensor = layers.get(layer);
        if (tensor == null) {
            throw new IllegalArgumentException(role + " of layer " + layer
                    + " does not exist at 16 or 32 bits; accepted: one of " + layers.size() + " layers");
        }
        return tensor;
    }

    /** The tensor of a role that is not per layer. */
    public StoredTensor get(WeightRole role) {
        return get(role, 0);
    }
}
