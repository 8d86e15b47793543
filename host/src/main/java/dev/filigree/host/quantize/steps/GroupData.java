package dev.filigree.host.quantize.steps;

import dev.filigree.host.quantize.LinearGroup;
import dev.filigree.host.quantize.LinearModel;
import dev.filigree.host.quantize.LinearShape;
import dev.filigree.host.quantize.math.Operand;
import dev.filigree.host.quantize.math.Products;
import dev.filigree.host.quantize.math.ScaledMatrix;

/**
 * One group while it is quantized: the weights of its layers stacked, and inputs in two parts, one that decides and one
 * that only measures. Close it to free what is on the device.
 */
public final class GroupData implements AutoCloseable {
    /** Every how many rows one is kept for measuring. */
    private static final int HELD_OUT = 4;
    /** Outputs are compared on so many rows at most, evenly taken; second moments are taken over all that decide. */
    private static final int MAX_COMPARED = 512;

    private final LinearModel model;
    final LinearGroup group;
    final Products products;
    final float[] weight;
    final int outFeatures;
    final int inFeatures;
    final ScaledMatrix matrix;
    final float[] decidingInputs;
    final Rows deciding;
    final Rows measuring;
    final Profile profile = new Profile();

    /** Inputs, their exact outputs and the sum of squares of these. */
    static final class Rows implements AutoCloseable {
        final float[] x;
        final Operand operand;
        final float[] y;
        final double square;

        Rows(Products products, float[] x, int columns, float[] weight, int outFeatures) {
            this.x = x;
            operand = products.load(x, x.length / columns, columns);
            try (Operand w = products.load(weight, outFeatures, columns)) {
                y = products.times(operand, w);
            }
            double sum = 0;
            for (float value : y) {
                sum += (double) value * value;
            }
            square = sum;
        }

        @Override
        public void close() {
            operand.close();
        }
    }

    /** Reads the weights and inputs of a group. */
    public GroupData(LinearModel model, LinearGroup group, Products products) {
        this.model = model;
        this.group = group;
        this.products = products;
        outFeatures = group.outFeatures();
        inFeatures = group.inFeatures();
        weight = new float[Math.multiplyExact(outFeatures, inFeatures)];
        int at = 0;
        for (LinearShape linear : group.linears()) {
            float[] one = model.weight(linear);
            System.arraycopy(one, 0, weight, at, one.length);
            at += one.length;
        }
        float[] x = model.inputs(group);
        int rows = x.length / inFeatures;
        if (rows < 2 * HELD_OUT) {
            throw new IllegalArgumentException("group " + group.name() + " has " + rows
                    + " rows of inputs; accepted are " + 2 * HELD_OUT + " and more");
        }
        matrix = new ScaledMatrix(products, weight, outFeatures, inFeatures);
        decidingInputs = pick(x, inFeatures, false);
        deciding = new Rows(products, some(decidingInputs, inFeatures), inFeatures, weight, outFeatures);
        measuring = new Rows(products, some(pick(x, inFeatures, true), inFeatures), inFeatures, weight, outFeatures);
    }

    float[] bias(LinearShape linear) {
        return model.bias(linear);
    }

    private static float[] pick(float[] x, int columns, boolean heldOut) {
        int rows = x.length / columns;
        int held = rows / HELD_OUT;
        float[] picked = new float[(heldOut ? held : rows - held) * columns];
        int at = 0;
        for (int row = 0; row < rows; row++) {
            if ((row % HELD_OUT == HELD_OUT - 1) == heldOut) {
                System.arraycopy(x, row * columns, picked, at, columns);
                at += columns;
            }
        }
        return picked;
    }

    private static float[] some(float[] x, int columns) {
        int rows = x.length / columns;
        if (rows <= MAX_COMPARED) {
            return x;
        }
        float[] picked = new float[MAX_COMPARED * columns];
        for (int i = 0; i < MAX_COMPARED; i++) {
            System.arraycopy(x, (int) ((long) i * rows / MAX_COMPARED) * columns, picked, i * columns, columns);
        }
        return picked;
    }

    @Override
    public void close() {
        matrix.close();
        deciding.close();
        measuring.close();
    }
}
