package dev.filigree.host.quantize;

import java.util.List;

/**
 * Layers that read the same input, as query, key and value do: they share the smoothing and the first factor of the branch
 * (SVDQuant section 4.2).
 *
 * @param name for reports
 * @param linears one or more, of equal inFeatures
 * @param shift what makes the input never negative, as 0.171875 after GELU; 0 if nothing does
 */
public record LinearGroup(String name, List<LinearShape> linears, float shift) {

    /** Copies the list and checks that the layers read the same. */
    public LinearGroup {
        linears = List.copyOf(linears);
        if (linears.stream().mapToInt(LinearShape::inFeatures).distinct().count() != 1) {
            throw new IllegalArgumentException(
                    "layers of group " + name + " must have one number of inFeatures, not " + linears);
        }
    }

    /** Columns of every weight. */
    public int inFeatures() {
        return linears.getFirst().inFeatures();
    }

    /** Rows of all weights together. */
    public int outFeatures() {
        return linears.stream().mapToInt(LinearShape::outFeatures).sum();
    }
}
