package dev.filigree.host.checkpoint;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/**
 * One decoder-only transformer, described by data: pre-norm layers of rotary grouped-query attention and a SwiGLU MLP. What
 * differs between Llama 2, 3 and 3.1, Mistral, Qwen2 and Qwen3 is in these values, nothing else.
 *
 * @param modelType the file's {@code model_type}, for messages
 * @param vocabSize rows of the embedding, at least the tokenizer's size
 * @param hiddenSize width of the residual stream
 * @param intermediateSize width of the MLP
 * @param numLayers decoder layers
 * @param numQoHeads query heads per layer
 * @param numKvHeads key/value heads per layer, divides {@code numQoHeads}
 * @param headDim elements per head, even; {@code numQoHeads * headDim} need not be {@code hiddenSize}
 * @param rmsNormEps added to the mean square in every RMSNorm
 * @param maxPosition positions the model was made for, scaling included
 * @param rope rotary position embedding
 * @param windows for each layer how many positions a token attends to, itself included; 0 means all before it
 * @param qkvBias whether query, key and value projections have a bias
 * @param outputBias whether the attention output projection has a bias
 * @param mlpBias whether the three MLP projections have a bias
 * @param qkNorm whether queries and keys pass an RMSNorm over each head before the rotation
 * @param tiedEmbeddings whether the embedding is also the output projection
 * @param bosId the begin-of-text token, if the files name one
 * @param eosIds tokens that end a generation, possibly none
 */
public record DecoderConfig(
        String modelType,
        int vocabSize,
        int hiddenSize,
        int intermediateSize,
        int numLayers,
        int numQoHeads,
        int numKvHeads,
        int headDim,
        double rmsNormEps,
        int maxPosition,
        RopeConfig rope,
        List<Integer> windows,
        boolean qkvBias,
        boolean outputBias,
        boolean mlpBias,
        boolean qkNorm,
        boolean tiedEmbeddings,
        OptionalInt bosId,
        List<Integer> eosIds) {
    /**
     * Copies the lists and checks what the parts have to do with each other.
     *
     * @throws IllegalArgumentException if the heads do not group, {@code headDim} is odd or a layer has no window entry
     */
    public DecoderConfig {
        windows = List.copyOf(windows);
        eosIds = List.copyOf(eosIds);
        if (numQoHeads % numKvHeads != 0) {
            throw new IllegalArgumentException(
                    "num_key_value_heads is " + numKvHeads + "; accepted: a divisor of the " + numQoHeads + " heads");
        }
        if (headDim % 2 != 0) {
            throw new IllegalArgumentException("head_dim is " + headDim + "; accepted: an even number");
        }
        if (windows.size() != numLayers) {
            throw new IllegalArgumentException(
                    "windows has " + windows.size() + " entries; accepted: one for each of " + numLayers + " layers");
        }
    }

    /**
     * Reads {@code config.json} and, if it is there, {@code generation_config.json} of a checkpoint folder.
     *
     * @throws CheckpointException if config.json is missing or describes a decoder that is not supported
     */
    public static DecoderConfig read(Path folder) {
        return DecoderConfigReader.read(folder);
    }

    /** How many positions a token of layer {@code layer} attends to, itself included; empty for all before it. */
    public OptionalInt slidingWindow(int layer) {
        int window = windows.get(layer);
        return window == 0 ? OptionalInt.empty() : OptionalInt.of(window);
    }
}
