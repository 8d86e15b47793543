package dev.filigree.host.decoder;

import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.linear.LinearStorage;
import dev.filigree.api.op.Rotary;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.checkpoint.Checkpoint;
import dev.filigree.host.checkpoint.DecoderConfig;
import dev.filigree.host.checkpoint.RopeFrequencies;
import dev.filigree.host.checkpoint.StorageIndex;
import dev.filigree.host.checkpoint.StoredType;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * The decoder of a checkpoint as plans see it.
 *
 * @param config sizes and variations
 * @param weightType how the checkpoint stores the tensor of a name
 * @param storage how the checkpoint stores the linear layer of a name, if at low bit width
 * @param frequencies rotary frequencies for the longest context in use
 */
public record DecoderModel(
        DecoderConfig config,
        Function<String, DType> weightType,
        Function<String, Optional<LinearStorage>> storage,
        RopeFrequencies frequencies) {

    /** The model of an open checkpoint, for contexts of at most that many tokens. */
    public static DecoderModel of(Checkpoint checkpoint, int contextTokens) {
        StorageIndex index = StorageIndex.of(checkpoint);
        return new DecoderModel(
                checkpoint.config(),
                name -> checkpoint
                        .tensor(name)
                        .map(tensor -> dtype(tensor.spec().type()))
                        .orElse(DType.BF16),
                index::find,
                frequencies(checkpoint.config(), contextTokens));
    }

    /** The model of a config alone. */
    public static DecoderModel of(DecoderConfig config, Function<String, DType> weightType, int contextTokens) {
        return new DecoderModel(config, weightType, name -> Optional.empty(), frequencies(config, contextTokens));
    }

    private static RopeFrequencies frequencies(DecoderConfig config, int contextTokens) {
        return RopeFrequencies.of(config.rope(), config.headDim(), contextTokens);
    }

    /** The attention shape. */
    public ModelGeometry geometry() {
        return new ModelGeometry(
                config.numQoHeads(),
                config.numKvHeads(),
                config.headDim(),
                config.headDim(),
                IntStream.range(0, config.numLayers())
                        .mapToObj(config::slidingWindow)
                        .toList());
    }

    /** How positions turn queries and keys. */
    public Rotary rotary() {
        return new Rotary(
                Rotary.Style.HALF_SPLIT,
                config.headDim(),
                (float) frequencies.attentionFactor(),
                DecoderTensors.FREQUENCIES);
    }

    /**
     * The dtype of a stored type.
     *
     * @throws IllegalArgumentException if plans have no such dtype
     */
    public static DType dtype(StoredType type) {
        return switch (type) {
            case F32 -> DType.F32;
            case F16 -> DType.F16;
            case BF16 -> DType.BF16;
            case I8 -> DType.I8;
            case U8 -> DType.U8;
            case F8_E4M3 -> DType.E4M3;
            case I32 -> DType.I32;
            case I64 -> DType.I64;
            default -> throw new IllegalArgumentException("tensors of type " + type + " have no use in a plan");
        };
    }
}
