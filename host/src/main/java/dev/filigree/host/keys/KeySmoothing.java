package dev.filigree.host.keys;

import dev.filigree.host.calibrate.TextFile;
import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.checkpoint.DecoderConfig;
import dev.filigree.host.json.JsonFile;
import dev.filigree.host.json.JsonValue;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Factors of SmoothAttention (QServe section 4.2). Keys are divided by them and queries multiplied, so scores stay what they
 * were while the channels of a key become alike, which is what a few bits per channel need. The two channels that a rotation
 * turns into each other share a factor: with two factors the rotation would not commute, and scores would change.
 *
 * @param alpha exponent that the factors were found with, for readers of the file
 * @param factors by layer, KV head and pair; pair c is channels c and {@code c + headDim / 2}
 */
public record KeySmoothing(double alpha, List<List<List<Float>>> factors) {
    private static final String FORMAT = "filigree-key-smoothing";
    private static final long MAX_BYTES = 64L << 20;
    /** Far beyond what any model asks for, and far within the range of f16 weights. */
    private static final double LARGEST = 4096;

    /** Copies the lists. */
    public KeySmoothing {
        factors = factors.stream()
                .map(layer -> layer.stream().map(List::copyOf).toList())
                .toList();
    }

    /**
     * Reads a file of a decoder.
     *
     * @throws CheckpointException if it is none, or not of this decoder's sizes
     */
    public static KeySmoothing read(Path file, DecoderConfig config) {
        JsonValue json = JsonFile.read(file, MAX_BYTES, CheckpointException::new);
        if (!json.get("format").string().equals(FORMAT)) {
            throw json.get("format").notA("\"" + FORMAT + "\"");
        }
        json.get("version").integer(1, 1);
        List<JsonValue> layers = sized(json.get("factors"), config.numLayers(), "layers");
        return new KeySmoothing(
                json.get("alpha").number(0, 1),
                layers.stream()
                        .map(layer -> sized(layer, config.numKvHeads(), "KV heads").stream()
                                .map(head -> sized(head, config.headDim() / 2, "pairs of channels").stream()
                                        .map(factor -> (float) factor.number(1 / LARGEST, LARGEST))
                                        .toList())
                                .toList())
                        .toList());
    }

    private static List<JsonValue> sized(JsonValue array, int size, String what) {
        List<JsonValue> elements = array.elements();
        if (elements.size() != size) {
            throw array.notA("an array of the model's " + size + " " + what);
        }
        return elements;
    }

    /** Writes a file that {@link #read} reads back to the bit. */
    public void write(Path file) {
        String layers = factors.stream()
                .map(layer -> layer.stream()
                        .map(head -> "    " + head)
                        .collect(Collectors.joining(",\n", "   [\n", "\n   ]")))
                .collect(Collectors.joining(",\n"));
        TextFile.replace(
                file,
                "{\n  \"format\": \"" + FORMAT + "\",\n  \"version\": 1,\n  \"alpha\": " + alpha
                        + ",\n  \"factors\": [\n" + layers + "\n  ]\n}\n");
    }

    /** The factor of a channel. */
    public float of(int layer, int kvHead, int channel) {
        List<Float> pairs = factors.get(layer).get(kvHead);
        return pairs.get(channel % pairs.size());
    }
}
