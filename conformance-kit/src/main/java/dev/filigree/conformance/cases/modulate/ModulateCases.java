package dev.filigree.conformance.cases.modulate;

import dev.filigree.api.op.Modulate;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.shared.RowCases;
import dev.filigree.conformance.cases.shared.RowProblem;
import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.rule.Rule;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Scales and shifts per sequence, gates, and multiples added to a residual. */
public final class ModulateCases {
    /** Which parts a case has. */
    private enum Parts {
        /** An adaptive norm: {@code x (1 + scale) + shift}. */
        NORM(1, true, true, false),
        /** A gate: {@code residual + x scale}. */
        GATE(0, true, false, true),
        /** A Euler step: {@code residual - 0.15 x}. */
        STEP(-0.15f, false, false, true),
        /** Everything at once. */
        ALL(0.5f, true, true, true);

        private final float offset;
        private final boolean scaled;
        private final boolean shifted;
        private final boolean added;

        Parts(float offset, boolean scaled, boolean shifted, boolean added) {
            this.offset = offset;
            this.scaled = scaled;
            this.shifted = shifted;
            this.added = added;
        }
    }

    private ModulateCases() {}

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("Modulate");
        for (Parts parts : Parts.values()) {
            RowCases.add(cases, Rule.R918, Params.of("parts", parts), () -> new Rows(parts));
        }
        for (DType dtype : RowCases.DTYPES) {
            cases.check(Rule.R919, Tier.SMOKE, Params.of("dtype", dtype), c -> raggedBatch(c, dtype));
        }
        return cases.cases();
    }

    /** Sequences of 2, 0, 1, 0 and 30 tokens against each of them alone. */
    private static void raggedBatch(CaseContext c, DType dtype) {
        int[] offsets = {0, 2, 2, 3, 3, 33};
        int width = 19;
        Generator g = c.generator();
        float[] x = g.outliers(33, width, 20);
        float[] scale = g.normals(5 * width);
        float[] shift = g.normals(5 * width);
        float[] batch = run(c, new RowProblem.Shape(33, width, dtype), x, offsets, scale, shift);
        for (int s = 0; s < 5; s++) {
            int rows = offsets[s + 1] - offsets[s];
            float[] alone = run(
                    c,
                    new RowProblem.Shape(rows, width, dtype),
                    Arrays.copyOfRange(x, offsets[s] * width, offsets[s + 1] * width),
                    new int[] {0, rows},
                    Arrays.copyOfRange(scale, s * width, (s + 1) * width),
                    Arrays.copyOfRange(shift, s * width, (s + 1) * width));
            float[] together = Arrays.copyOfRange(batch, offsets[s] * width, offsets[s + 1] * width);
            c.same("sequence " + s + " alone and in the batch", alone, together);
        }
    }

    private static float[] run(
            CaseContext c, RowProblem.Shape shape, float[] x, int[] offsets, float[] scale, float[] shift) {
        return c.run(RowProblem.of(shape, x, (builder, numTokens, in, out) -> {
                    Dim numSeqs = Dim.fixed("numRows", offsets.length - 1);
                    Dim width = Dim.fixed("width", shape.width());
                    builder.add(new Modulate(
                            1,
                            in,
                            builder.ints("qOffsets", offsets, Dim.fixed("numOffsets", offsets.length)),
                            Optional.of(builder.input("scale", shape.dtype(), scale, numSeqs, width)),
                            Optional.of(builder.input("shift", shape.dtype(), shift, numSeqs, width)),
                            Optional.empty(),
                            out));
                }))
                .values("out");
    }

    /** Two sequences, the first of one row, so that rows and sequences cannot be mistaken for each other. */
    private static final class Rows implements RowCases.Formula {
        private final Parts parts;
        private float[] scale = {};
        private float[] shift = {};
        private float[] residual = {};

        Rows(Parts parts) {
            this.parts = parts;
        }

        @Override
        public RowProblem.Step step(RowProblem.Shape shape, Generator generator) {
            scale = RowProblem.rounded(generator.normals(2 * shape.width()), shape.dtype());
            shift = RowProblem.rounded(generator.normals(2 * shape.width()), shape.dtype());
            residual = RowProblem.rounded(generator.normals(shape.size()), shape.dtype());
            int[] offsets = {0, Math.min(1, shape.numTokens()), shape.numTokens()};
            return (builder, numTokens, x, out) -> {
                Dim width = Dim.fixed("width", shape.width());
                Dim numRows = Dim.fixed("numRows", 2);
                Optional<TensorRef> factors = parts.scaled
                        ? Optional.of(builder.input("scale", shape.dtype(), scale, numRows, width))
                        : Optional.empty();
                Optional<TensorRef> shifts = parts.shifted
                        ? Optional.of(builder.input("shift", shape.dtype(), shift, numRows, width))
                        : Optional.empty();
                Optional<TensorRef> base = parts.added
                        ? Optional.of(builder.input("residual", shape.dtype(), residual, numTokens, width))
                        : Optional.empty();
                TensorRef qOffsets = builder.ints("qOffsets", offsets, Dim.fixed("numOffsets", 3));
                builder.add(new Modulate(parts.offset, x, qOffsets, factors, shifts, base, out));
            };
        }

        @Override
        public double[] row(int index, double[] x) {
            double[] result = new double[x.length];
            int own = index == 0 ? 0 : x.length;
            for (int i = 0; i < x.length; i++) {
                double factor = parts.offset + (parts.scaled ? scale[own + i] : 0);
                double sum =
                        (parts.shifted ? shift[own + i] : 0.0) + (parts.added ? residual[index * x.length + i] : 0);
                result[i] = x[i] * factor + sum;
            }
            return result;
        }
    }
}
