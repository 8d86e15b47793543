package dev.filigree.policies.plain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.filigree.api.linear.LinearPlan;
import dev.filigree.api.linear.LinearProblem;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.api.tensor.DType;
import dev.filigree.policies.golden.Golden;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Plain layers keep what the checkpoint stores. */
class PlainLinearTest {
    private static LinearProblem problem(DType weights, boolean bias) {
        return new LinearProblem("layers.0.q_proj", 48, 64, bias, weights, DType.F32, 100);
    }

    @Test
    void weightsStayAsStored() throws IOException {
        LinearPlan plan = new PlainLinear().plan(problem(DType.BF16, true));
        Golden.check("plans/plain-linear.txt", plan.plan().toString());
        assertEquals(2 * (48 * 64 + 64), plan.weightBytes());
        assertEquals("bf16", plan.scheme());
        assertEquals(
                1, new PlainLinear().plan(problem(DType.F32, false)).weights().size());
    }

    @Test
    void quantizedWeightsAreRefused() {
        PolicyRefusal e = assertThrows(PolicyRefusal.class, () -> new PlainLinear().plan(problem(DType.I4, false)));
        assertEquals("linear.policy", e.configKey());
    }
}
