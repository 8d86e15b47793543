package dev.filigree.api.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.filigree.api.op.Add;
import dev.filigree.api.tensor.DType;
import dev.filigree.api.tensor.Strides;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class PlanTest {
    private static final TensorRef A = TensorRef.of("a");
    private static final TensorRef B = TensorRef.of("b");

    private static String message(Executable call) {
        return assertThrows(PlanException.class, call).getMessage();
    }

    private static PlanBuilder declared() {
        PlanBuilder builder = new PlanBuilder("p");
        builder.declare("a", TensorRole.INPUT, DType.F32, Dim.upTo("n", 4), Dim.fixed("w", 2));
        builder.declare("b", TensorRole.OUTPUT, DType.F32, Dim.upTo("n", 4), Dim.fixed("w", 2));
        return builder;
    }

    @Test
    void printsAllOfItselfAndEqualsItsLike() {
        Plan plan = declared().add(new Add(A, A, B)).build();
        assertEquals("""
                plan p
                  input
                    a [n<=4, w=2] f32
                  output
                    b [n<=4, w=2] f32
                  steps
                    0 Add[a=a, b=a, out=b]
                """, plan.toString());
        assertEquals(plan, declared().add(new Add(A, A, B)).build());
        assertEquals(Set.of("n"), plan.variableAxes());
    }

    @Test
    void contradictionsAreRefused() {
        assertEquals(
                "tensor nope is used but not declared; declared are [a, b]",
                message(() ->
                        declared().add(new Add(A, TensorRef.of("nope"), B)).build()));
        assertEquals(
                "Add writes tensor a, which is INPUT",
                message(() -> declared().add(new Add(A, A, A)).build()));
        assertEquals(
                "tensor a is declared as a [n<=4, w=2] f32 and as a [m=1] f32",
                message(() -> declared().declare("a", TensorRole.INPUT, DType.F32, Dim.fixed("m", 1))));
        assertEquals(
                "tensor a is declared twice",
                message(() -> new Tensors(List.of(decl(TensorRole.INPUT), decl(TensorRole.OUTPUT)))));
        assertEquals(
                "tensor x: only the outermost axis may be variable, not n",
                message(() -> TensorDecl.of("x", TensorRole.TEMP, DType.F32, Dim.fixed("w", 2), Dim.upTo("n", 4))));
    }

    private static TensorDecl decl(TensorRole role) {
        return TensorDecl.of("a", role, DType.F32, Dim.fixed("n", 1));
    }

    @Test
    void offsetArraysHaveOneEntryMore() {
        Dim dim = Dim.upTo("numSeqs", 4).plusOne();
        assertEquals(5, dim.capacity());
        assertEquals(3, dim.extent(axis -> 2));
        assertEquals("numSeqs+1<=5", dim.toString());
    }

    @Test
    void capacityBytesOfAViewReachItsLastElement() {
        TensorDecl view = new TensorDecl(
                A, TensorRole.INPUT, DType.F16, List.of(Dim.upTo("n", 3), Dim.fixed("w", 2)), Strides.of(10, 1));
        assertEquals(2 * (2 * 10 + 2), view.capacityBytes());
        assertEquals(2, view.rowElements());
        assertEquals("a [n<=3, w=2] f16 strides [10, 1]", view.toString());
    }

    @Test
    void causalPairsCountTheTriangle() {
        // one sequence of 4 tokens: 1 + 2 + 3 + 4; the last 2 of 4: 3 + 4; two sequences alike
        assertEquals(10, new Workload(1, 4, 4, 1).causalPairs());
        assertEquals(7, new Workload(1, 2, 4, 1).causalPairs());
        assertEquals(20, new Workload(2, 8, 4, 1).causalPairs());
        assertEquals(1 + 2 + 2 + 2, new Workload(1, 4, 4, 1).pairsUpTo(2));
        assertEquals(2 * (3 + 3), new Workload(2, 4, 9, 1).pairsUpTo(3));
        assertEquals(new Workload(2, 6, 9, 1).causalPairs(), new Workload(2, 6, 9, 1).pairsUpTo(9));
        assertEquals(0, new Workload(0, 0, 4, 1).causalPairs());
    }
}
