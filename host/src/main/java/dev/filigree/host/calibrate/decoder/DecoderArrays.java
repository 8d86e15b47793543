package dev.filigree.host.calibrate.decoder;

import dev.filigree.api.attention.ModelGeometry;
import java.util.List;

/**
 * A Llama-like decoder whose heads all attend to the whole past, without its output layer: calibration compares hidden
 * states after the final norm.
 *
 * @param geometry heads; {@code headDimQk} equals {@code headDimVo}
 * @param hidden width of the residual stream
 * @param normEps added to every mean square
 * @param rotary the position rule
 * @param embedding {@code [vocab, hidden]}
 * @param layers first layer first
 * @param finalNorm {@code [hidden]}
 */
@SuppressWarnings("ArrayRecordComponent") // Weights are handed over once and compared never.
public record DecoderArrays(
        ModelGeometry geometry,
        int hidden,
        double normEps,
        RotaryRule rotary,
        float[] embedding,
        List<LayerArrays> layers,
        float[] finalNorm) {

    /** Copies the list. */
    public DecoderArrays {
        layers = List.copyOf(layers);
    }

    public int numLayers() {
        return layers.size();
    }

    public int headDim() {
        return geometry.headDimQk();
    }

    /** Width of all query heads together. */
    public int qWidth() {
        return geometry.numQoHeads() * geometry.headDimQk();
    }

    /** Width of all KV heads together. */
    public int kvWidth() {
        return geometry.numKvHeads() * geometry.headDimQk();
    }

    /** The factor on every score. */
    public double scale() {
        return 1 / Math.sqrt(headDim());
    }

    /** Number of token ids. */
    public int vocabSize() {
        return embedding.length / hidden;
    }
}
