package dev.filigree.conformance.cases.add;

import dev.filigree.api.op.Add;
import dev.filigree.api.plan.Dim;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.shared.RowCases;
import dev.filigree.conformance.cases.shared.RowProblem;
import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.rule.Rule;
import java.util.List;

/** Element by element sums. */
public final class AddCases {
    private AddCases() {}

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("Add");
        RowCases.add(cases, Rule.R911, Params.of(), Sum::new);
        return cases.cases();
    }

    private static final class Sum implements RowCases.Formula {
        private float[] b = {};

        @Override
        public RowProblem.Step step(RowProblem.Shape shape, Generator generator) {
            b = RowProblem.rounded(generator.normals(shape.size()), shape.dtype());
            return (builder, numTokens, x, out) -> {
                var other = builder.input("b", shape.dtype(), b, numTokens, Dim.fixed("width", shape.width()));
                builder.add(new Add(x, other, out));
            };
        }

        @Override
        public double[] row(int index, double[] x) {
            double[] sum = new double[x.length];
            for (int i = 0; i < x.length; i++) {
                sum[i] = x[i] + b[index * x.length + i];
            }
            return sum;
        }
    }
}
