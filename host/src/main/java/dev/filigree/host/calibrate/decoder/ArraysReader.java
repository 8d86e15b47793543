package dev.filigree.host.calibrate.decoder;

import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.host.checkpoint.Checkpoint;
import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.checkpoint.DecoderConfig;
import dev.filigree.host.checkpoint.DecoderWeights;
import dev.filigree.host.checkpoint.RopeFrequencies;
import dev.filigree.host.checkpoint.StoredTensor;
import dev.filigree.host.checkpoint.WeightRole;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads a checkpoint into arrays. */
public final class ArraysReader {
    private final Checkpoint checkpoint;
    private final DecoderConfig config;
    private final DecoderWeights weights;

    private ArraysReader(Checkpoint checkpoint) {
        this.checkpoint = checkpoint;
        this.config = checkpoint.config();
        this.weights = DecoderWeights.of(checkpoint);
    }

    /**
     * Reads all weights but the output projection.
     *
     * @param folder of the checkpoint
     * @param contextLength the longest context that will be run
     * @throws CheckpointException if the checkpoint is not usable, a tensor is too large for an array, or a layer sees a
     *     sliding window, where no head can be a retrieval head
     */
    public static DecoderArrays read(Path folder, int contextLength) {
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            return new ArraysReader(checkpoint).read(contextLength);
        }
    }

    private DecoderArrays read(int contextLength) {
        for (int l = 0; l < config.numLayers(); l++) {
            if (config.slidingWindow(l).isPresent()) {
                throw new CheckpointException(checkpoint.folder() + ": layer " + l + " sees a window of "
                        + config.slidingWindow(l).getAsInt()
                        + " tokens; accepted: decoders whose layers attend to the whole past");
            }
        }
        RopeFrequencies rope = RopeFrequencies.of(config.rope(), config.headDim(), contextLength);
        List<LayerArrays> layers = new ArrayList<>();
        for (int l = 0; l < config.numLayers(); l++) {
            layers.add(layer(l));
        }
        return new DecoderArrays(
                ModelGeometry.of(config.numLayers(), config.numQoHeads(), config.numKvHeads(), config.headDim()),
                config.hiddenSize(),
                config.rmsNormEps(),
                new RotaryRule(rope.toArray(), rope.attentionFactor()),
                floats(weights.get(WeightRole.EMBEDDING, 0)),
                layers,
                floats(weights.get(WeightRole.FINAL_NORM, 0)));
    }

    private LayerArrays layer(int l) {
        boolean qkNorm = config.qkNorm();
        return new LayerArrays(
                floats(weights.get(WeightRole.ATTENTION_NORM, l)),
                matrix(l, WeightRole.QUERY, WeightRole.QUERY_BIAS, config.qkvBias()),
                matrix(l, WeightRole.KEY, WeightRole.KEY_BIAS, config.qkvBias()),
                matrix(l, WeightRole.VALUE, WeightRole.VALUE_BIAS, config.qkvBias()),
                qkNorm ? floats(weights.get(WeightRole.QUERY_NORM, l)) : new float[0],
                qkNorm ? floats(weights.get(WeightRole.KEY_NORM, l)) : new float[0],
                matrix(l, WeightRole.OUTPUT, WeightRole.OUTPUT_BIAS, config.outputBias()),
                floats(weights.get(WeightRole.MLP_NORM, l)),
                matrix(l, WeightRole.GATE, WeightRole.GATE_BIAS, config.mlpBias()),
                matrix(l, WeightRole.UP, WeightRole.UP_BIAS, config.mlpBias()),
                matrix(l, WeightRole.DOWN, WeightRole.DOWN_BIAS, config.mlpBias()));
    }

    private Matrix matrix(int layer, WeightRole weight, WeightRole bias, boolean biased) {
        StoredTensor tensor = weights.get(weight, layer);
        List<Long> shape = tensor.spec().shape();
        return new Matrix(
                Math.toIntExact(shape.get(0)),
                Math.toIntExact(shape.get(1)),
                floats(tensor),
                biased ? floats(weights.get(bias, layer)) : new float[0]);
    }

    private static float[] floats(StoredTensor tensor) {
        long count = tensor.spec().shape().stream().reduce(1L, Math::multiplyExact);
        if (count > Integer.MAX_VALUE - 8) {
            throw new CheckpointException(
                    tensor.file() + ": tensor " + tensor.spec().name() + " has " + count
                            + " elements; accepted by calibration: at most " + (Integer.MAX_VALUE - 8));
        }
        float[] values = new float[(int) count];
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.floatAt(i);
        }
        return values;
    }
}
