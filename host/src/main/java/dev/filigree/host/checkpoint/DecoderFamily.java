package dev.filigree.host.checkpoint;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What the {@code model_type} of a config.json settles by itself; everything else is in the file. The values are those of the
 * models in Hugging Face transformers.
 */
enum DecoderFamily {
    LLAMA("llama", "LlamaForCausalLM"),
    MISTRAL("mistral", "MistralForCausalLM"),
    QWEN2("qwen2", "Qwen2ForCausalLM"),
    QWEN3("qwen3", "Qwen3ForCausalLM");

    /** The head dimension of a Qwen3 file that does not give one. */
    private static final int QWEN3_HEAD_DIM = 128;

    /** The window of a Mistral file that has no such key; null in the file means no window. */
    static final int MISTRAL_WINDOW = 4096;

    private final String modelType;
    private final String architecture;

    DecoderFamily(String modelType, String architecture) {
        this.modelType = modelType;
        this.architecture = architecture;
    }

    static Optional<DecoderFamily> of(String modelType) {
        return Arrays.stream(values())
                .filter(family -> family.modelType.equals(modelType))
                .findFirst();
    }

    static String modelTypes() {
        return Arrays.stream(values())
                .map(family -> "\"" + family.modelType + "\"")
                .collect(Collectors.joining(", "));
    }

    String architecture() {
        return architecture;
    }

    int defaultHeadDim(int hiddenSize, int numQoHeads) {
        return this == QWEN3 ? QWEN3_HEAD_DIM : hiddenSize / numQoHeads;
    }

    /** Whether the query, key and value projections have a bias whatever the file says. */
    boolean alwaysQkvBias() {
        return this == QWEN2;
    }

    /** Whether {@code attention_bias} means anything; it covers the output projection too. */
    boolean readsAttentionBias() {
        return this == LLAMA || this == QWEN3;
    }

    boolean readsMlpBias() {
        return this == LLAMA;
    }

    boolean qkNorm() {
        return this == QWEN3;
    }

    /** Whether {@code use_sliding_window} and {@code max_window_layers} decide about the window. */
    boolean windowsFromALayerOn() {
        return this == QWEN2 || this == QWEN3;
    }
}
