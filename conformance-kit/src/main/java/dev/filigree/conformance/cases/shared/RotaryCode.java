package dev.filigree.conformance.cases.shared;

import dev.filigree.api.op.Rotary;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.problem.ProblemBuilder;

/**
 * A rotation by position written down independently of any backend, and its declaration in a problem.
 *
 * @param style which channels form a pair
 * @param rotaryDim channels that turn
 * @param magnitude factor on rotated channels
 */
public record RotaryCode(Rotary.Style style, int rotaryDim, float magnitude) {

    /** Inverse frequencies with base 10000. */
    public float[] frequencies() {
        float[] frequencies = new float[rotaryDim / 2];
        for (int c = 0; c < frequencies.length; c++) {
            frequencies[c] = (float) Math.pow(10000, -2.0 * c / rotaryDim);
        }
        return frequencies;
    }

    /** Declares the frequencies. */
    public Rotary declare(ProblemBuilder builder) {
        TensorRef table = builder.weight("frequencies", DType.F32, frequencies(), Dim.fixed("numPairs", rotaryDim / 2));
        return new Rotary(style, rotaryDim, magnitude, table);
    }

    /** Turns one vector in place. */
    public void turn(double[] vector, int position) {
        float[] frequencies = frequencies();
        for (int c = 0; c < rotaryDim / 2; c++) {
            int a = style == Rotary.Style.HALF_SPLIT ? c : 2 * c;
            int b = style == Rotary.Style.HALF_SPLIT ? c + rotaryDim / 2 : 2 * c + 1;
            float angle = position * frequencies[c];
            double cos = Math.cos(angle) * magnitude;
            double sin = Math.sin(angle) * magnitude;
            double x = vector[a];
            double y = vector[b];
            vector[a] = x * cos - y * sin;
            vector[b] = y * cos + x * sin;
        }
    }
}
