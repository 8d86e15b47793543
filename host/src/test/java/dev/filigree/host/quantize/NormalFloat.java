package dev.filigree.host.quantize;

import dev.filigree.host.checkpoint.SafetensorsWriter;
import dev.filigree.host.checkpoint.StoredTensor;
import dev.filigree.host.checkpoint.StoredType;
import dev.filigree.host.checkpoint.TensorSpec;
import dev.filigree.host.diffusion.DitCheckpoint;
import dev.filigree.host.diffusion.DitLinearModel;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * NF4, a peer to compare with (Dettmers et al. 2023, section 3 and appendix E): 16 levels at quantiles of the normal distribution, in
 * groups of 64 over their largest magnitude in fp32. No backend computes over these codes, and none has to for a comparison of what
 * is lost: a checkpoint gets weights that are rounded and stored expanded.
 */
final class NormalFloat {
    static final int GROUP = 64;

    /** Level i, falling magnitude below 0 and rising above. */
    static final float[] LEVELS = {
        -1f,
        -0.6961928f,
        -0.5250731f,
        -0.3949175f,
        -0.28444138f,
        -0.18477343f,
        -0.09105004f,
        0f,
        0.0795803f,
        0.1609302f,
        0.2461123f,
        0.33791524f,
        0.44070983f,
        0.562617f,
        0.72295684f,
        1f
    };

    private NormalFloat() {}

    /** Rounds rows of a weight in place, group by group. */
    static float[] round(float[] weight, int columns) {
        for (int row = 0; row < weight.length; row += columns) {
            for (int from = row; from < row + columns; from += GROUP) {
                int to = Math.min(row + columns, from + GROUP);
                float top = 0;
                for (int i = from; i < to; i++) {
                    top = Math.max(top, Math.abs(weight[i]));
                }
                for (int i = from; i < to && top > 0; i++) {
                    weight[i] = top * nearest(weight[i] / top);
                }
            }
        }
        return weight;
    }

    static float nearest(float value) {
        float best = LEVELS[0];
        for (float level : LEVELS) {
            best = Math.abs(value - level) < Math.abs(value - best) ? level : best;
        }
        return best;
    }

    /** Writes a model that paints with the layers rounded that {@code filigree quantize} would store at 4 bits. */
    static void write(Path source, Path target) throws IOException {
        Files.createDirectories(target);
        try (DitCheckpoint checkpoint = DitCheckpoint.open(source)) {
            DitLinearModel model = new DitLinearModel(checkpoint, Map.of());
            Map<String, float[]> rounded = new LinkedHashMap<>();
            for (LinearGroup group : model.groups()) {
                for (LinearShape linear : group.linears()) {
                    rounded.put(linear.name() + ".weight", round(model.weight(linear), linear.inFeatures()));
                    rounded.put(linear.name() + ".bias", model.bias(linear)); // has the weight's type, and its numbers
                }
            }
            List<TensorSpec> specs = new ArrayList<>();
            for (StoredTensor tensor : checkpoint.file().tensors().values()) {
                TensorSpec spec = tensor.spec();
                specs.add(
                        rounded.containsKey(spec.name())
                                ? new TensorSpec(spec.name(), StoredType.F32, spec.shape())
                                : spec);
            }
            try (SafetensorsWriter writer =
                    SafetensorsWriter.create(target.resolve("model.safetensors"), specs, Map.of())) {
                for (StoredTensor tensor : checkpoint.file().tensors().values()) {
                    float[] values = rounded.get(tensor.spec().name());
                    writer.write(tensor.spec().name(), values == null ? tensor.data() : MemorySegment.ofArray(values));
                }
                writer.commit();
            }
        }
        Files.copy(source.resolve("config.json"), target.resolve("config.json"));
    }
}
