package dev.filigree.host.quantize.grid;

import dev.filigree.api.linear.QuantFormat;
import java.util.stream.IntStream;

/**
 * What the codes of one weight can stand for: {@code channel * (scale * code + zero)}, a scale and a zero per group and a
 * channel factor per row, all as they are stored. Fixed once fitted; rounding never changes it.
 */
public final class WeightGrid {
    private final QuantFormat format;
    private final CodeRange range;
    private final int rows;
    private final int columns;
    private final float[] scales;
    private final float[] zeros;
    private final float[] channels;

    /**
     * A grid.
     *
     * @param scales {@code [rows, numGroups]}
     * @param zeros {@code [rows, numGroups]}, or empty for none
     * @param channels {@code [rows]}, or empty for none
     */
    WeightGrid(QuantFormat format, int rows, int columns, float[] scales, float[] zeros, float[] channels) {
        this.format = format;
        this.range = new CodeRange(format.codes());
        this.rows = rows;
        this.columns = columns;
        this.scales = scales;
        this.zeros = zeros;
        this.channels = channels;
    }

    /** Codes and scales. */
    public QuantFormat format() {
        return format;
    }

    /** {@code [rows, numGroups]}, as stored; a copy. */
    public float[] scales() {
        return scales.clone();
    }

    /** {@code [rows, numGroups]}, or empty; a copy. */
    public float[] zeros() {
        return zeros.clone();
    }

    /** {@code [rows]}, or empty; a copy. */
    public float[] channels() {
        return channels.clone();
    }

    private int group(int column) {
        return format.groupSize() == 0 ? 0 : column / format.groupSize();
    }

    private int numGroups() {
        return (int) format.groups(columns);
    }

    /** The representable number nearest to a value at one place. */
    public float nearest(int row, int column, float value) {
        int g = row * numGroups() + group(column);
        float zero = zeros.length == 0 ? 0 : zeros[g];
        float channel = channels.length == 0 ? 1 : channels[row];
        return channel * (scales[g] * range.nearest((value / channel - zero) / scales[g]) + zero);
    }

    /** The code whose number is nearest to a value at one place. */
    public int code(int row, int column, float value) {
        int g = row * numGroups() + group(column);
        float zero = zeros.length == 0 ? 0 : zeros[g];
        float channel = channels.length == 0 ? 1 : channels[row];
        return range.code(range.nearest((value / channel - zero) / scales[g]));
    }

    /** The numbers nearest to a weight, in place. */
    public float[] round(float[] weight) {
        IntStream.range(0, rows).parallel().forEach(row -> roundRow(weight, row));
        return weight;
    }

    private void roundRow(float[] weight, int row) {
        float channel = channels.length == 0 ? 1 : channels[row];
        int size = format.groupSize() == 0 ? columns : format.groupSize();
        boolean whole = format.codes() != dev.filigree.api.tensor.DType.E2M1;
        float low = range.lowest();
        float high = range.largest();
        for (int g = 0; g < numGroups(); g++) {
            float scale = scales[row * numGroups() + g];
            float zero = zeros.length == 0 ? 0 : zeros[row * numGroups() + g];
            int from = row * columns + g * size;
            int to = row * columns + Math.min(columns, (g + 1) * size);
            if (whole) {
                for (int i = from; i < to; i++) {
                    float code = Math.min(Math.max((weight[i] / channel - zero) / scale, low), high);
                    weight[i] = channel * (scale * Rounding.whole(code) + zero);
                }
            } else {
                for (int i = from; i < to; i++) {
                    weight[i] = channel * (scale * range.nearest((weight[i] / channel - zero) / scale) + zero);
                }
            }
        }
    }

    /** {@code [rows, columns]}: the codes of a weight. */
    public byte[] codes(float[] weight) {
        byte[] codes = new byte[weight.length];
        IntStream.range(0, rows).parallel().forEach(row -> {
            for (int c = 0; c < columns; c++) {
                codes[row * columns + c] = (byte) code(row, c, weight[row * columns + c]);
            }
        });
        return codes;
    }
}
