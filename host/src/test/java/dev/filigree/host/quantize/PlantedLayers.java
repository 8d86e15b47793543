package dev.filigree.host.quantize;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Layers with planted outliers. Inputs share 32 causes, as activations do, with every 32nd channel 30 times larger; weights
 * are normal with deviation 0.02 and a few strong directions, as trained weights have. Without shared causes GPTQ has nothing
 * to move errors to, and gains nothing.
 */
final class PlantedLayers implements LinearModel {
    private static final int CAUSES = 32;
    private static final int DIRECTIONS = 8;

    private final LinearGroup group;
    private final float[] x;
    private final Map<String, float[]> weights = new java.util.LinkedHashMap<>();

    /**
     * One group.
     *
     * @param rows of inputs
     * @param shift makes inputs stop at its negative, as those after a GELU do; 0 for none
     */
    PlantedLayers(String name, int rows, int inFeatures, float shift, int... outFeatures) {
        java.util.List<LinearShape> shapes = new java.util.ArrayList<>();
        for (int i = 0; i < outFeatures.length; i++) {
            shapes.add(new LinearShape(name + "." + i, outFeatures[i], inFeatures));
        }
        group = new LinearGroup(name, shapes, shift);
        SplittableRandom random = new SplittableRandom(7);
        x = inputs(random, rows, inFeatures, shift);
        for (LinearShape shape : shapes) {
            weights.put(shape.name(), weight(random, shape));
        }
    }

    private static float[] inputs(SplittableRandom random, int rows, int columns, float shift) {
        double[] mix = random.doubles((long) CAUSES * columns, -1, 1).toArray();
        float[] x = new float[rows * columns];
        for (int row = 0; row < rows; row++) {
            double[] causes = new double[CAUSES];
            java.util.Arrays.setAll(causes, i -> random.nextGaussian());
            for (int c = 0; c < columns; c++) {
                double sum = 0.5 * random.nextGaussian();
                for (int i = 0; i < CAUSES; i++) {
                    sum += causes[i] * mix[i * columns + c] / Math.sqrt(CAUSES);
                }
                float value = (float) (sum * (c % 32 == 5 ? 30 : 1));
                x[row * columns + c] = shift == 0 ? value : Math.max(-shift, value);
            }
        }
        return x;
    }

    private static float[] weight(SplittableRandom random, LinearShape shape) {
        int out = shape.outFeatures();
        int in = shape.inFeatures();
        double[] left = random.doubles((long) DIRECTIONS * out, -1, 1).toArray();
        double[] right = random.doubles((long) DIRECTIONS * in, -1, 1).toArray();
        float[] w = new float[out * in];
        for (int i = 0; i < w.length; i++) {
            double sum = random.nextGaussian();
            for (int d = 0; d < DIRECTIONS; d++) {
                sum += 0.5 * left[d * out + i / in] * right[d * in + i % in];
            }
            w[i] = (float) (0.02 * sum);
        }
        return w;
    }

    @Override
    public List<LinearGroup> groups() {
        return List.of(group);
    }

    @Override
    public float[] weight(LinearShape linear) {
        return weights.getOrDefault(linear.name(), new float[0]).clone();
    }

    @Override
    public float[] bias(LinearShape linear) {
        return new float[0];
    }

    @Override
    public float[] inputs(LinearGroup of) {
        return x.clone();
    }
}
