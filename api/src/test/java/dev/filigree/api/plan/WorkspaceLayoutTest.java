package dev.filigree.api.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.op.Add;
import dev.filigree.api.tensor.DType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WorkspaceLayoutTest {
    private static final TensorRef IN = TensorRef.of("in");

    private static PlanBuilder builder(long rows) {
        PlanBuilder builder = new PlanBuilder("test");
        builder.declare("in", TensorRole.INPUT, DType.F32, Dim.upTo("n", rows), Dim.fixed("w", 64));
        return builder;
    }

    private static TensorRef temp(PlanBuilder builder, String name, long rows) {
        return builder.temp(name, DType.F32, Dim.upTo("rows." + name, rows), Dim.fixed("w", 64));
    }

    @Test
    void temporariesThatAreNeverAliveTogetherShareBytes() {
        // a lives in steps 0 to 1, b in 1 to 2, c in 2: c takes the place of a
        PlanBuilder builder = builder(1);
        TensorRef a = temp(builder, "a", 1);
        TensorRef b = temp(builder, "b", 1);
        TensorRef c = temp(builder, "c", 1);
        Plan plan = builder.add(new Add(IN, IN, a))
                .add(new Add(a, a, b))
                .add(new Add(b, b, c))
                .build();
        WorkspaceLayout layout = WorkspaceLayout.of(plan, 100);
        assertEquals(Map.of(a, 0L, b, 256L, c, 0L), layout.offsets());
        assertEquals(512, layout.tempBytes());
        assertEquals(512, layout.scratchOffset());
        assertEquals(512 + 256, layout.totalBytes());
    }

    @Test
    void aPlanWithoutTemporariesNeedsNothing() {
        PlanBuilder builder = builder(1);
        TensorRef out = builder.declare("out", TensorRole.OUTPUT, DType.F32, Dim.upTo("n", 1), Dim.fixed("w", 64));
        WorkspaceLayout layout =
                WorkspaceLayout.of(builder.add(new Add(IN, IN, out)).build(), 0);
        assertEquals(0, layout.totalBytes());
        assertEquals(Map.of(), layout.offsets());
    }

    /** Random plans: no two temporaries that are alive at the same step overlap, and the top is what they reach. */
    @Test
    void temporariesAliveTogetherNeverOverlap() {
        Random random = new Random(42);
        for (int round = 0; round < 300; round++) {
            PlanBuilder builder = builder(8);
            int numTemps = random.nextInt(1, 12);
            for (int i = 0; i < numTemps; i++) {
                temp(builder, "t" + i, random.nextInt(0, 9));
            }
            int numSteps = random.nextInt(1, 15);
            for (int i = 0; i < numSteps; i++) {
                builder.add(new Add(any(random, numTemps), any(random, numTemps), any(random, numTemps)));
            }
            check(builder.build(), random.nextInt(1000));
        }
    }

    private static TensorRef any(Random random, int numTemps) {
        return TensorRef.of("t" + random.nextInt(numTemps));
    }

    private static void check(Plan plan, long scratchBytes) {
        WorkspaceLayout layout = WorkspaceLayout.of(plan, scratchBytes);
        Map<TensorRef, int[]> alive = new HashMap<>();
        for (int step = 0; step < plan.ops().size(); step++) {
            for (TensorRef ref : plan.ops().get(step).inputs()) {
                int first = step;
                alive.computeIfAbsent(ref, r -> new int[] {first, first})[1] = step;
            }
            TensorRef out = plan.ops().get(step).outputs().getFirst();
            int first = step;
            alive.computeIfAbsent(out, r -> new int[] {first, first})[1] = step;
        }
        assertEquals(alive.keySet(), layout.offsets().keySet());
        long top = 0;
        for (TensorRef a : alive.keySet()) {
            assertEquals(0, layout.offsets().get(a) % 256);
            top = Math.max(top, end(plan, layout, a));
            for (TensorRef b : alive.keySet()) {
                boolean together = alive.get(a)[0] <= alive.get(b)[1] && alive.get(b)[0] <= alive.get(a)[1];
                boolean overlap = layout.offsets().get(a) < end(plan, layout, b)
                        && layout.offsets().get(b) < end(plan, layout, a);
                assertFalse(!a.equals(b) && together && overlap, () -> a + " and " + b + " overlap in " + plan);
            }
        }
        assertTrue(layout.tempBytes() >= top && layout.tempBytes() < top + 256);
        assertTrue(layout.scratchOffset() >= top);
        assertTrue(layout.totalBytes() >= layout.scratchOffset() + scratchBytes);
    }

    private static long end(Plan plan, WorkspaceLayout layout, TensorRef ref) {
        return layout.offsets().get(ref) + plan.tensors().get(ref).capacityBytes();
    }

    @Test
    void equalPlansHaveEqualLayouts() {
        List<WorkspaceLayout> layouts = java.util.stream.IntStream.range(0, 2)
                .mapToObj(i -> {
                    PlanBuilder builder = builder(3);
                    TensorRef a = temp(builder, "a", 3);
                    return WorkspaceLayout.of(builder.add(new Add(IN, IN, a)).build(), 7);
                })
                .toList();
        assertEquals(layouts.get(0), layouts.get(1));
    }
}
