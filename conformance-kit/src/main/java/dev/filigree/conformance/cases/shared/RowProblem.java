package dev.filigree.conformance.cases.shared;

import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;

/**
 * A problem over rows {@code [numTokens, width]} of one dtype, the form of elementwise ops. The result is the tensor
 * {@code out}, or {@code x} itself when the op works in place.
 */
public final class RowProblem {
    /** Extents and dtypes that elementwise ops are tried with. */
    public record Shape(int numTokens, int width, DType dtype) {
        /** Elements. */
        public int size() {
            return numTokens * width;
        }
    }

    /** Adds the step, given the main input and where the result goes. */
    @FunctionalInterface
    public interface Step {
        /** Declares further tensors and appends the op. */
        void add(ProblemBuilder builder, Dim numTokens, TensorRef x, TensorRef out);
    }

    private RowProblem() {}

    /** A problem with a separate output. */
    public static Problem of(Shape shape, float[] x, Step step) {
        ProblemBuilder builder = new ProblemBuilder("rows");
        Dim numTokens = builder.axis("numTokens", shape.numTokens());
        Dim width = Dim.fixed("width", shape.width());
        TensorRef in = builder.input("x", shape.dtype(), x, numTokens, width);
        TensorRef out = builder.output("out", shape.dtype(), numTokens, width);
        builder.workload(1, shape.numTokens(), shape.numTokens());
        step.add(builder, numTokens, in, out);
        return builder.build();
    }

    /** A problem whose output is its main input. */
    public static Problem inPlace(Shape shape, float[] x, Step step) {
        ProblemBuilder builder = new ProblemBuilder("rows");
        Dim numTokens = builder.axis("numTokens", shape.numTokens());
        TensorRef in = builder.state("x", shape.dtype(), x, numTokens, Dim.fixed("width", shape.width()));
        step.add(builder, numTokens, in, in);
        return builder.build();
    }

    /** Values rounded to a dtype, as a tensor of it holds them. */
    public static float[] rounded(float[] values, DType dtype) {
        float[] rounded = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            rounded[i] = AttentionData.round(values[i], dtype);
        }
        return rounded;
    }
}
