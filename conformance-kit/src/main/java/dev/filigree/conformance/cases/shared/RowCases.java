package dev.filigree.conformance.cases.shared;

import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.compare.Tolerances;
import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.generate.Sizes;
import dev.filigree.conformance.rule.Rule;
import java.util.List;

/** The cases that every op over rows has: its formula, in place, no rows, a NaN row. */
public final class RowCases {
    /** The dtypes of activations. */
    public static final List<DType> DTYPES = List.of(DType.F32, DType.F16, DType.BF16);

    /** An op over rows together with its formula, written down independently of any backend. */
    public interface Formula {
        /** Further inputs of a problem, then the step. */
        RowProblem.Step step(RowProblem.Shape shape, Generator generator);

        /** The expected row, from the rounded input row; called for rows in order with the same further inputs. */
        double[] row(int index, double[] x);
    }

    /** Makes a formula with fresh further inputs. */
    @FunctionalInterface
    public interface Maker {
        /** A formula of one execution. */
        Formula make();
    }

    private RowCases() {}

    /** Adds the cases of an op. */
    public static void add(CaseList cases, Rule rule, Params params, Maker maker) {
        for (DType dtype : DTYPES) {
            for (int width : Sizes.WIDTHS) {
                RowProblem.Shape shape = new RowProblem.Shape(width == 64 ? 33 : 3, width, dtype);
                Tier tier = width == 64 || width == 1 ? Tier.SMOKE : Tier.CORE;
                Params named = params.with("dtype", dtype, "tokens", shape.numTokens(), "width", width);
                cases.check(rule, tier, named, c -> formula(c, shape, maker.make()));
                if (width == 127) {
                    cases.check(Rule.R917, Tier.CORE, named, c -> inPlace(c, shape, maker));
                    cases.check(Rule.R108, Tier.CORE, named, c -> nanRow(c, shape, maker));
                    cases.compare(rule, Tier.SMOKE, named.with("oracle", true), g -> {
                        float[] x = g.outliers(shape.numTokens(), shape.width(), 20);
                        return RowProblem.of(shape, x, maker.make().step(shape, g));
                    });
                }
            }
            RowProblem.Shape none = new RowProblem.Shape(0, 31, dtype);
            cases.compare(
                    Rule.R101,
                    Tier.CORE,
                    params.with("dtype", dtype),
                    g -> RowProblem.of(none, new float[0], maker.make().step(none, g)));
        }
    }

    private static void formula(CaseContext c, RowProblem.Shape shape, Formula formula) {
        float[] x = RowProblem.rounded(c.generator().outliers(shape.numTokens(), shape.width(), 20), shape.dtype());
        RowProblem.Step step = formula.step(shape, c.generator());
        float[] actual = c.run(RowProblem.of(shape, x, step)).values("out");
        float[] expected = new float[shape.size()];
        for (int i = 0; i < shape.numTokens(); i++) {
            double[] row = new double[shape.width()];
            for (int j = 0; j < row.length; j++) {
                row[j] = x[i * shape.width() + j];
            }
            double[] result = formula.row(i, row);
            for (int j = 0; j < row.length; j++) {
                expected[i * shape.width() + j] = AttentionData.round((float) result[j], shape.dtype());
            }
        }
        c.close("formula", expected, actual, Tolerances.elementwise(shape.dtype()));
    }

    private static void inPlace(CaseContext c, RowProblem.Shape shape, Maker maker) {
        float[] x = c.generator().outliers(shape.numTokens(), shape.width(), 20);
        long seed = c.generator().anyLong();
        float[] apart = c.run(RowProblem.of(shape, x, maker.make().step(shape, new Generator(seed))))
                .values("out");
        float[] inPlace = c.run(RowProblem.inPlace(shape, x, maker.make().step(shape, new Generator(seed))))
                .values("x");
        c.same("in place", apart, inPlace);
    }

    private static void nanRow(CaseContext c, RowProblem.Shape shape, Maker maker) {
        float[] x = c.generator().outliers(shape.numTokens(), shape.width(), 20);
        long seed = c.generator().anyLong();
        float[] clean = c.run(RowProblem.of(shape, x, maker.make().step(shape, new Generator(seed))))
                .values("out");
        x[shape.width() + 5] = Float.NaN;
        float[] broken = c.run(RowProblem.of(shape, x, maker.make().step(shape, new Generator(seed))))
                .values("out");
        c.check(Float.isNaN(broken[shape.width() + 5]), () -> "a NaN in row 1, column 5 must come out as NaN");
        for (int row : new int[] {0, 2}) {
            c.same(
                    "row " + row + " beside a NaN row",
                    AttentionData.rows(clean, row, row + 1, shape.width()),
                    AttentionData.rows(broken, row, row + 1, shape.width()));
        }
    }
}
