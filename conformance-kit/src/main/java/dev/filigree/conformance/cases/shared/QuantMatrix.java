package dev.filigree.conformance.cases.shared;

import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.tensor.Codes;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.problem.ProblemBuilder;

/**
 * A matrix of codes with its scales.
 *
 * @param format codes and scales
 * @param rows number of rows
 * @param columns width of a row
 * @param codes row-major
 * @param scales {@code [rows, numGroups]}, representable in the format's scale dtype
 */
@SuppressWarnings("ArrayRecordComponent") // compared by no one
public record QuantMatrix(QuantFormat format, int rows, int columns, int[] codes, float[] scales) {

    /** Random codes and scales near one. */
    public static QuantMatrix random(Generator g, QuantFormat format, int rows, int columns) {
        int groups = (int) format.groups(columns);
        int[] codes = new int[rows * columns];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = switch (format.codes()) {
                case I4 -> g.between(-7, 7);
                case U4, E2M1 -> g.below(16);
                default -> g.between(-127, 127);
            };
        }
        float[] scales = new float[rows * groups];
        for (int i = 0; i < scales.length; i++) {
            float scale = g.uniform(0.5, 2);
            scales[i] = format.scaleDtype() == DType.E4M3
                    ? Codes.e4m3ToFloat(Codes.floatToE4m3(scale))
                    : AttentionData.round(scale, format.scaleDtype());
        }
        return new QuantMatrix(format, rows, columns, codes, scales);
    }

    /** The number that a code stands for, without its scale. */
    public float code(int row, int column) {
        int code = codes[row * columns + column];
        return format.codes() == DType.E2M1 ? Codes.e2m1ToFloat(code) : code;
    }

    /** The scale of an element. */
    public float scale(int row, int column) {
        int groups = (int) format.groups(columns);
        return scales[row * groups + group(column)];
    }

    /** The group of a column. */
    public int group(int column) {
        return format.groupSize() == 0 ? 0 : column / format.groupSize();
    }

    /** Declares the codes. */
    public TensorRef declareCodes(ProblemBuilder builder, String name, Dim rowAxis) {
        return builder.codes(name, format.codes(), codes, rowAxis, Dim.fixed("inFeatures", columns));
    }

    /** Declares the scales. */
    public TensorRef declareScales(ProblemBuilder builder, String name, Dim rowAxis) {
        Dim groups = Dim.fixed("numGroups", format.groups(columns));
        return builder.weight(name, format.scaleDtype(), scales, rowAxis, groups);
    }
}
