package dev.filigree.host.quantize.grid;

import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.tensor.Codes;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.quantize.Scheme;
import java.util.Arrays;
import java.util.stream.IntStream;

/** Fits a grid to a weight by its largest magnitudes, or by its range where codes are unsigned. */
public final class GridFit {
    /** The first level of QServe's groups stops here, so that the second cannot leave int8 (QServe section 4.1). */
    private static final float PROTECTIVE = 119;

    private final QuantFormat format;
    private final float[] weight;
    private final int rows;
    private final int columns;
    private final int size;
    private final int groups;

    private GridFit(QuantFormat format, float[] weight, int rows, int columns) {
        this.format = format;
        this.weight = weight;
        this.rows = rows;
        this.columns = columns;
        size = format.groupSize() == 0 ? columns : format.groupSize();
        groups = (int) format.groups(columns);
    }

    /**
     * The grid of a weight {@code [rows, columns]}.
     *
     * @throws IllegalArgumentException if the scheme cannot store rows of that length
     */
    public static WeightGrid of(Scheme scheme, float[] weight, int rows, int columns) {
        QuantFormat format = scheme.weight();
        if (format.codes().isPacked() && columns % 2 != 0) {
            throw new IllegalArgumentException(
                    "inFeatures must be even for 4-bit weights, not " + columns + "; skip the layer");
        }
        GridFit fit = new GridFit(format, weight, rows, columns);
        return switch (scheme) {
            case W4A8_PROGRESSIVE -> fit.progressive();
            case W4A4_NVFP4 -> fit.twoLevel();
            default -> format.codes() == DType.U4 ? fit.asymmetric() : fit.symmetric();
        };
    }

    private WeightGrid symmetric() {
        float[] scales = new float[rows * groups];
        each((row, g) ->
                scales[row * groups + g] = Rounding.scale(format.scaleDtype(), absMax(row, g) / format.maxMagnitude()));
        return new WeightGrid(format, rows, columns, scales, new float[0], new float[0]);
    }

    /** e4m3 scales over one scale for the whole weight, so that none of them under- or overflows. */
    private WeightGrid twoLevel() {
        float[] tops = new float[rows * groups];
        each((row, g) -> tops[row * groups + g] = absMax(row, g) / Codes.E2M1_MAX);
        float top = 0;
        for (float t : tops) {
            top = Math.max(top, t);
        }
        float tensor = Rounding.scale(DType.F32, top / Codes.E4M3_MAX);
        float[] scales = new float[tops.length];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = Rounding.scale(DType.E4M3, tops[i] / tensor);
        }
        float[] channels = new float[rows];
        Arrays.fill(channels, tensor);
        return new WeightGrid(format, rows, columns, scales, new float[0], channels);
    }

    private WeightGrid asymmetric() {
        float[] scales = new float[rows * groups];
        float[] zeros = new float[rows * groups];
        each((row, g) -> {
            float low = Math.min(0, extreme(row, g, false));
            float high = Math.max(0, extreme(row, g, true));
            float scale = Rounding.scale(format.scaleDtype(), (high - low) / 15);
            scales[row * groups + g] = scale;
            zeros[row * groups + g] = -scale * Math.clamp(Rounding.whole(-low / scale), 0, 15);
        });
        return new WeightGrid(format, rows, columns, scales, zeros, new float[0]);
    }

    private WeightGrid progressive() {
        float[] scales = new float[rows * groups];
        float[] zeros = new float[rows * groups];
        float[] channels = new float[rows];
        IntStream.range(0, rows).parallel().forEach(row -> {
            float top = 0;
            for (int g = 0; g < groups; g++) {
                top = Math.max(top, absMax(row, g));
            }
            channels[row] = Rounding.scale(DType.F32, top / PROTECTIVE);
            for (int g = 0; g < groups; g++) {
                float low = Rounding.whole(Math.min(0, extreme(row, g, false)) / channels[row]);
                float high = Rounding.whole(Math.max(0, extreme(row, g, true)) / channels[row]);
                float scale = Math.max(1, Rounding.whole((high - low) / 15));
                scales[row * groups + g] = scale;
                zeros[row * groups + g] = -scale * Math.clamp(Rounding.whole(-low / scale), 0, 15);
            }
        });
        return new WeightGrid(format, rows, columns, scales, zeros, channels);
    }

    private interface GroupWork {
        void group(int row, int g);
    }

    private void each(GroupWork work) {
        IntStream.range(0, rows).parallel().forEach(row -> {
            for (int g = 0; g < groups; g++) {
                work.group(row, g);
            }
        });
    }

    private float absMax(int row, int g) {
        float top = 0;
        int to = row * columns + Math.min(columns, (g + 1) * size);
        for (int i = row * columns + g * size; i < to; i++) {
            top = Math.max(top, Math.abs(weight[i]));
        }
        return top;
    }

    private float extreme(int row, int g, boolean largest) {
        float found = largest ? Float.NEGATIVE_INFINITY : Float.POSITIVE_INFINITY;
        int to = row * columns + Math.min(columns, (g + 1) * size);
        for (int i = row * columns + g * size; i < to; i++) {
            found = largest ? Math.max(found, weight[i]) : Math.min(found, weight[i]);
        }
        return found;
    }
}
