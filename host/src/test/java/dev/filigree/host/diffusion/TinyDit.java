package dev.filigree.host.diffusion;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.api.select.BackendRequest;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.api.tensor.Codes;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.checkpoint.SafetensorsWriter;
import dev.filigree.host.checkpoint.StoredType;
import dev.filigree.host.checkpoint.TensorSpec;
import dev.filigree.policies.plain.PlainLinear;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Random;

/** A diffusion transformer of two small blocks with random bf16 weights. */
final class TinyDit {
    private static final int HIDDEN = 24;

    private TinyDit() {}

    /** Writes the checkpoint into a folder. */
    static Path write(Path folder) {
        try {
            Files.writeString(folder.resolve("config.json"), """
                    {"architecture": "ShapesDiT", "image_size": 12, "patch_size": 2, "channels": 3, "hidden_size": 24,
                     "num_layers": 2, "num_heads": 3, "mlp_ratio": 2, "vocab_size": 6, "max_words": 4, "norm_eps": 1e-6,
                     "words": ["<pad>", "<null>", "a", "red", "blue", "ring"], "prompts": ["a red ring"],
                     "sampler": {"kind": "euler", "steps": 3, "guidance": 2.5}}
                    """);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<TensorSpec> specs = specs();
        Random random = new Random(11);
        try (SafetensorsWriter writer =
                SafetensorsWriter.create(folder.resolve("model.safetensors"), specs, Map.of())) {
            for (TensorSpec spec : specs) {
                long width = spec.shape().getLast();
                short[] values = new short[(int) (spec.numBytes() / 2)];
                for (int i = 0; i < values.length; i++) {
                    values[i] = Codes.floatToBf16((float) (random.nextGaussian() * 1.5 / Math.sqrt(width)));
                }
                writer.write(spec.name(), MemorySegment.ofArray(values));
            }
            writer.commit();
        }
        return folder;
    }

    private static List<TensorSpec> specs() {
        List<TensorSpec> specs = new ArrayList<>();
        linear(specs, "patch", HIDDEN, 12);
        tensor(specs, "position", 36, HIDDEN);
        tensor(specs, "words.weight", 6, HIDDEN);
        tensor(specs, "word_position", 4, HIDDEN);
        linear(specs, "caption_in", HIDDEN, HIDDEN);
        linear(specs, "caption_out", HIDDEN, HIDDEN);
        linear(specs, "time_in", HIDDEN, DitConfig.TIME_CHANNELS);
        linear(specs, "time_out", HIDDEN, HIDDEN);
        linear(specs, "modulation", 6 * HIDDEN, HIDDEN);
        for (int block = 0; block < 2; block++) {
            String prefix = DitTensors.block(block);
            for (String attention : List.of("attn1.", "attn2.")) {
                for (String name : List.of("to_q", "to_k", "to_v", "to_out")) {
                    linear(specs, prefix + attention + name, HIDDEN, HIDDEN);
                }
            }
            linear(specs, prefix + "ff_in", 2 * HIDDEN, HIDDEN);
            linear(specs, prefix + "ff_out", HIDDEN, 2 * HIDDEN);
            tensor(specs, prefix + "scale_shift_table", 6, HIDDEN);
        }
        tensor(specs, "scale_shift_table", 2, HIDDEN);
        linear(specs, "proj_out", 12, HIDDEN);
        return specs;
    }

    private static void linear(List<TensorSpec> specs, String name, long out, long in) {
        tensor(specs, name + ".weight", out, in);
        tensor(specs, name + ".bias", out);
    }

    private static void tensor(List<TensorSpec> specs, String name, long first, long... rest) {
        List<Long> shape = new ArrayList<>(List.of(first));
        for (long extent : rest) {
            shape.add(extent);
        }
        specs.add(new TensorSpec(name, StoredType.BF16, shape));
    }

    /** What a painter of it is made of. */
    static PainterConfig parts(Path folder, String backend, AttentionPolicy attention, double guidance, int batch) {
        return parts(folder, backend, attention, new PlainLinear(), guidance, batch);
    }

    /** What a painter of it is made of, by another linear policy. */
    static PainterConfig parts(
            Path folder,
            String backend,
            AttentionPolicy attention,
            QuantizedLinear linear,
            double guidance,
            int batch) {
        return new PainterConfig(
                folder,
                attention,
                linear,
                DType.F32,
                OptionalInt.empty(),
                OptionalDouble.of(guidance),
                batch,
                BackendRequest.named(backend));
    }

    /** A painter of it. */
    static Painter open(Path folder, String backend, AttentionPolicy attention, double guidance, int batch) {
        return new Painter(parts(folder, backend, attention, guidance, batch), BackendSelector.installed());
    }
}
