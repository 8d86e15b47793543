package dev.filigree.integration.snippets;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.op.Add;
import dev.filigree.api.op.RmsNorm;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.select.BackendRequest;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.api.select.Selection;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DType;
import dev.filigree.api.tensor.DeviceBuffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The examples that the api's javadoc shows: each is a region here, compiled and run. */
class ApiSnippetsTest {

    private static Plan plan() {
        // @start region="plan"
        Dim numTokens = Dim.upTo("numTokens", 512);
        Dim hidden = Dim.fixed("hidden", 4);
        PlanBuilder builder = new PlanBuilder("residual");
        TensorRef x = builder.declare("x", TensorRole.INPUT, DType.F32, numTokens, hidden);
        TensorRef delta = builder.declare("delta", TensorRole.INPUT, DType.F32, numTokens, hidden);
        TensorRef weight = builder.declare("weight", TensorRole.WEIGHT, DType.F32, hidden);
        TensorRef y = builder.declare("y", TensorRole.OUTPUT, DType.F32, numTokens, hidden);
        TensorRef sum = builder.temp("sum", DType.F32, numTokens, hidden);
        Plan plan = builder.add(new Add(x, delta, sum))
                .add(new RmsNorm(1e-5f, sum, weight, y))
                .build();
        // @end
        return plan;
    }

    private static float[] run(Plan plan, float[] x, float[] delta, float[] weight) {
        // @start region="run"
        Selection selection = BackendSelector.installed().select(BackendRequest.auto(), List.of(plan));
        try (Arena arena = Arena.ofConfined();
                Backend backend = selection.backend();
                BufferScope scope = backend.openScope();
                ExecutionStream stream = backend.openStream();
                PreparedPlan prepared = backend.prepare(plan)) {
            DeviceBuffer workspace = scope.allocate(prepared.workspaceBytes());
            DeviceBuffer y = scope.allocate(4L * x.length);
            RunBindings bindings = new RunBindings(plan)
                    .axis("numTokens", x.length / 4)
                    .bind(TensorRef.of("x"), scope.upload(arena.allocateFrom(ValueLayout.JAVA_FLOAT, x)))
                    .bind(TensorRef.of("delta"), scope.upload(arena.allocateFrom(ValueLayout.JAVA_FLOAT, delta)))
                    .bind(TensorRef.of("weight"), scope.upload(arena.allocateFrom(ValueLayout.JAVA_FLOAT, weight)))
                    .bind(TensorRef.of("y"), y);
            prepared.run(stream, bindings, workspace);
            stream.synchronize();
            float[] result = new float[x.length];
            stream.read(y, 0, MemorySegment.ofArray(result));
            return result;
        }
        // @end
    }

    private static String reason(Plan plan) {
        // @start region="select"
        BackendRequest request = BackendRequest.named("cpu-reference"); // or auto()
        Selection selection = BackendSelector.installed().select(request, List.of(plan));
        try (Backend backend = selection.backend()) {
            return backend.name() + ": " + selection.reason();
        }
        // @end
    }

    @Test
    void aPlanRunsOnWhateverIsChosen() {
        Plan plan = plan();
        assertEquals(2, plan.ops().size());
        float[] y = run(plan, new float[] {1, 0, 0, 0, 2, 0, 0, 0}, new float[8], new float[] {1, 1, 1, 1});
        assertArrayEquals(new float[] {2, 0, 0, 0, 2, 0, 0, 0}, y, 1e-4f);
    }

    @Test
    void theReasonNamesTheBackend() {
        String reason = reason(plan());
        assertTrue(reason.startsWith("cpu-reference: "), reason);
    }
}
