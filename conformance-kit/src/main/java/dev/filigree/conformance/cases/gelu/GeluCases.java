package dev.filigree.conformance.cases.gelu;

import dev.filigree.api.op.Gelu;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.shared.RowCases;
import dev.filigree.conformance.cases.shared.RowProblem;
import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.rule.Rule;
import java.util.List;

/** Both forms of GELU. */
public final class GeluCases {
    private GeluCases() {}

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("Gelu");
        for (Gelu.Form form : Gelu.Form.values()) {
            RowCases.add(cases, Rule.R910, Params.of("form", form), () -> new Curve(form));
        }
        return cases.cases();
    }

    private record Curve(Gelu.Form form) implements RowCases.Formula {
        @Override
        public RowProblem.Step step(RowProblem.Shape shape, Generator generator) {
            return (builder, numTokens, x, out) -> builder.add(new Gelu(form, x, out));
        }

        @Override
        public double[] row(int index, double[] x) {
            double[] result = new double[x.length];
            for (int i = 0; i < x.length; i++) {
                double z = x[i];
                // (1 + tanh y) / 2 = 1 / (1 + exp(-2y)), which keeps its digits where tanh is close to -1.
                result[i] = form == Gelu.Form.TANH
                        ? z / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (z + 0.044715 * z * z * z)))
                        : z * normalShare(z);
            }
            return result;
        }

        // The share of a normal distribution below z by the midpoint rule: slow, and nothing to get wrong.
        private static double normalShare(double z) {
            double upper = Math.min(Math.abs(z), 9);
            int steps = 4000;
            double width = upper / steps;
            double sum = 0;
            for (int i = 0; i < steps; i++) {
                double t = (i + 0.5) * width;
                sum += Math.exp(-t * t / 2);
            }
            double half = sum * width / Math.sqrt(2 * Math.PI);
            return z < 0 ? tail(z, half) : 0.5 + half;
        }

        // Far below zero 0.5 - half cancels; the continued fraction of Mills' ratio does not.
        private static double tail(double z, double half) {
            double t = -z;
            if (t < 2) {
                return 0.5 - half;
            }
            double fraction = t;
            for (int k = 60; k >= 1; k--) {
                fraction = t + k / fraction;
            }
            return Math.exp(-t * t / 2) / Math.sqrt(2 * Math.PI) / fraction;
        }
    }
}
