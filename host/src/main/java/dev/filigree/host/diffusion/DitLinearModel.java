package dev.filigree.host.diffusion;

import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.checkpoint.StoredTensor;
import dev.filigree.host.quantize.LinearGroup;
import dev.filigree.host.quantize.LinearModel;
import dev.filigree.host.quantize.LinearShape;
import java.util.List;
import java.util.Map;

/**
 * The blocks of a diffusion transformer as the quantizer sees them. Inputs after a GELU are shifted, so that they fit unsigned
 * codes (SVDQuant, released engine); everything outside of the blocks stays as it is.
 */
public final class DitLinearModel implements LinearModel {
    /** What makes the output of a GELU never negative. */
    static final float GELU_SHIFT = 0.171875f;

    private final DitCheckpoint checkpoint;
    private final Map<String, float[]> inputs;

    /**
     * A model with what its layers read.
     *
     * @param checkpoint not quantized; stays open while the model is in use
     * @param inputs by group, as {@link DitInputs#collect} gives them
     */
    public DitLinearModel(DitCheckpoint checkpoint, Map<String, float[]> inputs) {
        if (!checkpoint.storage().layers().isEmpty()) {
            throw new CheckpointException(
                    checkpoint.folder() + " is quantized already; accepted: a checkpoint at 16 or" + " 32 bits");
        }
        this.checkpoint = checkpoint;
        this.inputs = Map.copyOf(inputs);
    }

    @Override
    public List<LinearGroup> groups() {
        return DitGroup.all(checkpoint.config()).stream()
                .map(group -> new LinearGroup(
                        group.name(),
                        group.linears().stream()
                                .map(layer -> new LinearShape(layer.name(), layer.outFeatures(), group.inFeatures()))
                                .toList(),
                        group.afterGelu() ? GELU_SHIFT : 0))
                .toList();
    }

    @Override
    public float[] weight(LinearShape linear) {
        return values(linear.name() + ".weight", (long) linear.outFeatures() * linear.inFeatures());
    }

    @Override
    public float[] bias(LinearShape linear) {
        return values(linear.name() + ".bias", linear.outFeatures());
    }

    private float[] values(String name, long count) {
        StoredTensor tensor = checkpoint
                .file()
                .tensor(name)
                .filter(stored -> stored.spec().numElements() == count)
                .orElseThrow(() -> new CheckpointException(
                        checkpoint.folder() + ": tensor " + name + " is missing or not of " + count + " elements"));
        float[] values = new float[Math.toIntExact(count)];
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.floatAt(i);
        }
        return values;
    }

    @Override
    public float[] inputs(LinearGroup group) {
        float[] rows = inputs.get(group.name());
        if (rows == null) {
            throw new IllegalArgumentException("calibration saw no input of " + group.name());
        }
        return rows.clone();
    }
}
