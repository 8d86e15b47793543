package dev.filigree.host.calibrate.decoder;

import dev.filigree.api.tensor.DType;
import dev.filigree.host.checkpoint.DecoderConfig;
import dev.filigree.host.checkpoint.RopeConfig;
import dev.filigree.host.checkpoint.RopeScaling;
import dev.filigree.host.checkpoint.StorageIndex;
import dev.filigree.host.keys.KeyFold;
import dev.filigree.host.keys.KeySmoothing;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;

/** Small decoders whose weights have taken factors of smoothed keys, or outliers that call for them. */
public final class FoldedDecoder {
    private FoldedDecoder() {}

    /** The config of arrays. */
    public static DecoderConfig config(DecoderArrays model) {
        LayerArrays layer = model.layers().getFirst();
        return new DecoderConfig(
                "llama",
                model.vocabSize(),
                model.hidden(),
                layer.gate().outFeatures(),
                model.numLayers(),
                model.geometry().numQoHeads(),
                model.geometry().numKvHeads(),
                model.headDim(),
                model.normEps(),
                1024,
                new RopeConfig(100, new RopeScaling.None()),
                Collections.nCopies(model.numLayers(), 0),
                layer.q().hasBias(),
                false,
                false,
                layer.qNorm().length > 0,
                true,
                OptionalInt.empty(),
                List.of());
    }

    /** The decoder with factors in its weights. */
    public static DecoderArrays of(DecoderArrays model, KeySmoothing smoothing) {
        KeyFold fold = KeyFold.of(config(model), StorageIndex.NONE, smoothing);
        List<LayerArrays> layers = new ArrayList<>();
        for (int i = 0; i < model.numLayers(); i++) {
            String name = "model.layers." + i + ".self_attn.";
            LayerArrays layer = model.layers().get(i);
            layers.add(with(
                    layer,
                    matrix(fold, name + "q_proj", layer.q()),
                    matrix(fold, name + "k_proj", layer.k()),
                    floats(fold, name + "q_norm.weight", layer.qNorm()),
                    floats(fold, name + "k_norm.weight", layer.kNorm())));
        }
        return with(model, layers);
    }

    /** The decoder with the first pair of every key that much larger, and of every query smaller. */
    public static DecoderArrays withOutliers(DecoderArrays model, float factor) {
        List<List<List<Float>>> factors = new ArrayList<>();
        List<Float> pairs = new ArrayList<>(Collections.nCopies(model.headDim() / 2, 1f));
        pairs.set(0, 1 / factor);
        for (int layer = 0; layer < model.numLayers(); layer++) {
            factors.add(Collections.nCopies(model.geometry().numKvHeads(), pairs));
        }
        return of(model, new KeySmoothing(0, factors));
    }

    private static DecoderArrays with(DecoderArrays model, List<LayerArrays> layers) {
        return new DecoderArrays(
                model.geometry(),
                model.hidden(),
                model.normEps(),
                model.rotary(),
                model.embedding(),
                layers,
                model.finalNorm());
    }

    private static LayerArrays with(LayerArrays layer, Matrix q, Matrix k, float[] qNorm, float[] kNorm) {
        return new LayerArrays(
                layer.attentionNorm(),
                q,
                k,
                layer.v(),
                qNorm,
                kNorm,
                layer.o(),
                layer.mlpNorm(),
                layer.gate(),
                layer.up(),
                layer.down());
    }

    private static Matrix matrix(KeyFold fold, String layer, Matrix m) {
        return new Matrix(
                m.outFeatures(),
                m.inFeatures(),
                floats(fold, layer + ".weight", m.values()),
                m.hasBias() ? floats(fold, layer + ".bias", m.bias()) : new float[0]);
    }

    private static float[] floats(KeyFold fold, String tensor, float[] values) {
        if (values.length == 0) {
            return values;
        }
        try (Arena arena = Arena.ofConfined()) {
            return fold.apply(tensor, DType.F32, MemorySegment.ofArray(values), arena)
                    .toArray(ValueLayout.JAVA_FLOAT);
        }
    }
}
