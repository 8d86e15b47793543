package dev.filigree.host.quantize.decoder;

import dev.filigree.host.calibrate.data.CalibrationData;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.DecoderKernels;
import dev.filigree.host.calibrate.decoder.DenseDecoder;
import dev.filigree.host.calibrate.decoder.LayerArrays;
import dev.filigree.host.calibrate.decoder.Matrix;
import dev.filigree.host.calibrate.decoder.Rows;
import dev.filigree.host.checkpoint.WeightRole;
import dev.filigree.host.quantize.LinearGroup;
import dev.filigree.host.quantize.LinearModel;
import dev.filigree.host.quantize.LinearShape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** A Llama-like decoder: query, key and value share an input, so do gate and up; output and down have their own. */
public final class DecoderLinearModel implements LinearModel {
    private final List<LinearGroup> groups = new ArrayList<>();
    private final Map<String, Matrix> matrices = new LinkedHashMap<>();
    private final RecordingKernels recorded;

    /**
     * Runs the decoder over calibration texts and keeps what its layers read.
     *
     * @param samples texts to read
     * @param maxRows tokens kept per layer, drawn from all texts by the seed
     */
    public DecoderLinearModel(
            DecoderArrays model, DecoderKernels kernels, CalibrationData data, int samples, int maxRows, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        recorded = new RecordingKernels(kernels, maxRows, random::nextLong);
        DenseDecoder decoder = new DenseDecoder(model, recorded);
        for (int i = 0; i < samples; i++) {
            int[] tokens = data.sample(i).tokens();
            decoder.run(decoder.embed(tokens, Rows.all(tokens.length)), tokens.length, 0, DenseDecoder.Visitor.NONE);
        }
        for (int layer = 0; layer < model.numLayers(); layer++) {
            LayerArrays arrays = model.layers().get(layer);
            String name = "layer " + layer + " ";
            group(
                    name + "qkv",
                    layer,
                    Map.entry(WeightRole.QUERY, arrays.q()),
                    Map.entry(WeightRole.KEY, arrays.k()),
                    Map.entry(WeightRole.VALUE, arrays.v()));
            group(name + "output", layer, Map.entry(WeightRole.OUTPUT, arrays.o()));
            group(
                    name + "gate, up",
                    layer,
                    Map.entry(WeightRole.GATE, arrays.gate()),
                    Map.entry(WeightRole.UP, arrays.up()));
            group(name + "down", layer, Map.entry(WeightRole.DOWN, arrays.down()));
        }
    }

    @SafeVarargs
    private void group(String name, int layer, Map.Entry<WeightRole, Matrix>... parts) {
        List<LinearShape> linears = new ArrayList<>();
        for (Map.Entry<WeightRole, Matrix> part : parts) {
            String tensor = part.getKey().tensorName(layer);
            String linear = tensor.substring(0, tensor.length() - ".weight".length());
            matrices.put(linear, part.getValue());
            linears.add(new LinearShape(
                    linear, part.getValue().outFeatures(), part.getValue().inFeatures()));
        }
        groups.add(new LinearGroup(name, linears, 0));
    }

    private Matrix matrix(LinearShape linear) {
        Matrix matrix = matrices.get(linear.name());
        if (matrix == null) {
            throw new IllegalArgumentException("the decoder has no layer " + linear.name());
        }
        return matrix;
    }

    @Override
    public List<LinearGroup> groups() {
        return List.copyOf(groups);
    }

    @Override
    public float[] weight(LinearShape linear) {
        return matrix(linear).values();
    }

    @Override
    public float[] bias(LinearShape linear) {
        return matrix(linear).hasBias() ? matrix(linear).bias() : new float[0];
    }

    @Override
    public float[] inputs(LinearGroup group) {
        return recorded.rows(matrix(group.linears().getFirst()));
    }
}
