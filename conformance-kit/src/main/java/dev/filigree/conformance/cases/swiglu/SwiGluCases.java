package dev.filigree.conformance.cases.swiglu;

import dev.filigree.api.op.SwiGlu;
import dev.filigree.api.plan.Dim;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.shared.RowCases;
import dev.filigree.conformance.cases.shared.RowProblem;
import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.rule.Rule;
import java.util.List;

/** Gated activations. */
public final class SwiGluCases {
    private SwiGluCases() {}

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("SwiGlu");
        RowCases.add(cases, Rule.R909, Params.of(), Gated::new);
        return cases.cases();
    }

    private static final class Gated implements RowCases.Formula {
        private float[] up = {};

        @Override
        public RowProblem.Step step(RowProblem.Shape shape, Generator generator) {
            up = RowProblem.rounded(generator.normals(shape.size()), shape.dtype());
            return (builder, numTokens, x, out) -> {
                var other = builder.input("up", shape.dtype(), up, numTokens, Dim.fixed("width", shape.width()));
                builder.add(new SwiGlu(x, other, out));
            };
        }

        @Override
        public double[] row(int index, double[] gate) {
            double[] result = new double[gate.length];
            for (int i = 0; i < gate.length; i++) {
                result[i] = gate[i] / (1 + Math.exp(-gate[i])) * up[index * gate.length + i];
            }
            return result;
        }
    }
}
