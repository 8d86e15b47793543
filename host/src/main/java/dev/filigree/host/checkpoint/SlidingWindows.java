package dev.filigree.host.checkpoint;

import dev.filigree.host.json.JsonValue;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** Which layers of a config.json see a sliding window, and how wide it is; 0 for a layer that sees everything. */
final class SlidingWindows {
    private static final int DEFAULT_FIRST_WINDOW_LAYER = 28;

    private SlidingWindows() {}

    static List<Integer> read(JsonValue json, DecoderFamily family, int numLayers) {
        int window = window(json, family);
        Optional<JsonValue> types = json.find("layer_types");
        if (types.isPresent()) {
            return fromTypes(types.get(), window, numLayers);
        }
        List<Integer> windows = new ArrayList<>(Collections.nCopies(numLayers, window));
        if (family.windowsFromALayerOn()) {
            int first = json.find("max_window_layers")
                    .map(value -> value.integer(0, Integer.MAX_VALUE))
                    .orElse(DEFAULT_FIRST_WINDOW_LAYER);
            windows.subList(0, Math.min(first, numLayers)).replaceAll(all -> 0);
        }
        return windows;
    }

    private static int window(JsonValue json, DecoderFamily family) {
        boolean used = switch (family) {
            case LLAMA -> false;
            case MISTRAL -> true;
            case QWEN2, QWEN3 ->
                json.find("use_sliding_window").map(JsonValue::bool).orElse(false);
        };
        if (!used) {
            return 0;
        }
        int absent = family == DecoderFamily.MISTRAL && !json.has("sliding_window") ? DecoderFamily.MISTRAL_WINDOW : 0;
        return json.find("sliding_window")
                .map(value -> value.integer(1, Integer.MAX_VALUE))
                .orElse(absent);
    }

    private static List<Integer> fromTypes(JsonValue types, int window, int numLayers) {
        List<Integer> windows = new ArrayList<>();
        for (JsonValue type : types.elements()) {
            windows.add(
                    switch (type.string()) {
                        case "full_attention" -> 0;
                        case "sliding_attention" -> {
                            if (window == 0) {
                                throw type.notA("\"full_attention\", since no sliding window is in use");
                            }
                            yield window;
                        }
                        default -> throw type.notA("\"full_attention\", \"sliding_attention\"");
                    });
        }
        if (windows.size() != numLayers) {
            throw types.notA("one entry for each of " + numLayers + " layers");
        }
        return windows;
    }
}
