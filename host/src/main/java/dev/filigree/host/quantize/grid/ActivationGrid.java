package dev.filigree.host.quantize.grid;

import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.tensor.DType;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What quantized activations stand for, by the definition of the op {@code ActivationQuantize}.
 *
 * @param format codes and scales; absent: x stays as it is
 * @param shift added first
 */
public record ActivationGrid(Optional<QuantFormat> format, float shift) {

    /** The grid of a scheme: unsigned where INT4 activations are shifted. */
    public static ActivationGrid of(Optional<QuantFormat> format, float shift) {
        boolean unsigned = shift != 0 && format.isPresent() && format.get().codes() == DType.I4;
        return new ActivationGrid(
                unsigned
                        ? Optional.of(new QuantFormat(
                                DType.U4, format.get().groupSize(), format.get().scaleDtype()))
                        : format,
                shift);
    }

    /**
     * The numbers that codes of {@code (x + shift) / smooth} stand for.
     *
     * @param x {@code [rows, columns]}, kept
     * @param smooth {@code [columns]}
     */
    public float[] round(float[] x, int columns, float[] smooth) {
        float[] rounded = new float[x.length];
        IntStream.range(0, columns == 0 ? 0 : x.length / columns).parallel().forEach(row -> {
            for (int c = 0; c < columns; c++) {
                rounded[row * columns + c] = (x[row * columns + c] + shift) / smooth[c];
            }
            format.ifPresent(f -> roundRow(f, rounded, row * columns, columns));
        });
        return rounded;
    }

    private static void roundRow(QuantFormat format, float[] values, int start, int columns) {
        CodeRange range = new CodeRange(format.codes());
        int size = format.groupSize() == 0 ? columns : format.groupSize();
        for (int from = start; from < start + columns; from += size) {
            int to = Math.min(start + columns, from + size);
            float top = 0;
            for (int i = from; i < to; i++) {
                top = Math.max(top, Math.abs(values[i]));
            }
            float scale = Rounding.scale(format.scaleDtype(), top / format.maxMagnitude());
            for (int i = from; i < to; i++) {
                values[i] = scale * range.nearest(values[i] / scale);
            }
        }
    }
}
