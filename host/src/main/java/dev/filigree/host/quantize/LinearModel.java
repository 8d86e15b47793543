package dev.filigree.host.quantize;

import java.util.List;

/** A model as the quantizer sees it: its linear layers and what they read when it works. */
public interface LinearModel {

    /** All layers that may be quantized, in the order of a forward pass. */
    List<LinearGroup> groups();

    /** {@code [outFeatures, inFeatures]}, row-major. */
    float[] weight(LinearShape linear);

    /** {@code [outFeatures]}, or empty for none. */
    float[] bias(LinearShape linear);

    /** {@code [numRows, inFeatures]}, row-major: inputs of the group at 16 bits or better, before any shift. */
    float[] inputs(LinearGroup group);
}
