package dev.filigree.conformance.cases.backend;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.op.Embedding;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DType;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.api.tensor.OutOfMemoryException;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.UnsupportedCase;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A table whose last rows lie past 2^31 bytes. */
final class LargeOffsets {
    private static final long HIDDEN = 4096;
    private static final long ROW_BYTES = HIDDEN * Float.BYTES;
    private static final long NUM_ROWS = (1L << 31) / ROW_BYTES + 3;

    private LargeOffsets() {}

    private static Plan plan() {
        PlanBuilder builder = new PlanBuilder("large table");
        Dim hidden = Dim.fixed("hidden", HIDDEN);
        Dim n = Dim.fixed("numTokens", 2);
        TensorRef table =
                builder.declare("table", TensorRole.WEIGHT, DType.F32, Dim.fixed("numRows", NUM_ROWS), hidden);
        TensorRef ids = builder.declare("ids", TensorRole.INPUT, DType.I32, n);
        TensorRef out = builder.declare("out", TensorRole.OUTPUT, DType.F32, n, hidden);
        return builder.add(new Embedding(table, ids, out)).build();
    }

    static void beyondTwoGigabytes(CaseContext c) {
        Plan plan = plan();
        try (Backend backend = MemoryCases.open(c);
                BufferScope scope = backend.openScope();
                ExecutionStream stream = backend.openStream();
                PreparedPlan prepared = backend.prepare(plan);
                Arena arena = Arena.ofConfined()) {
            DeviceBuffer table = allocate(scope, NUM_ROWS * ROW_BYTES);
            MemorySegment row = arena.allocate(ROW_BYTES, 16);
            row.copyFrom(MemorySegment.ofArray(c.generator().normals((int) HIDDEN)));
            stream.write(row, table, (NUM_ROWS - 1) * ROW_BYTES);
            DeviceBuffer ids = scope.allocate(8);
            MemorySegment chosen = arena.allocate(8, 16);
            chosen.set(ValueLayout.JAVA_INT, 0, (int) (NUM_ROWS - 1));
            chosen.set(ValueLayout.JAVA_INT, 4, (int) (NUM_ROWS - 2));
            stream.write(chosen, ids, 0);
            DeviceBuffer out = scope.allocate(2 * ROW_BYTES);
            RunBindings bindings = new RunBindings(plan)
                    .bind(TensorRef.of("table"), table)
                    .bind(TensorRef.of("ids"), ids)
                    .bind(TensorRef.of("out"), out);
            prepared.run(stream, bindings, scope.allocate(prepared.workspaceBytes()));
            stream.synchronize();
            MemorySegment found = arena.allocate(ROW_BYTES, 16);
            stream.read(out, 0, found);
            c.check(found.mismatch(row) < 0, () -> "row " + (NUM_ROWS - 1) + " past 2^31 bytes came out differently");
        }
    }

    private static DeviceBuffer allocate(BufferScope scope, long bytes) {
        try {
            return scope.allocate(bytes);
        } catch (OutOfMemoryException e) {
            throw new UnsupportedCase("MEMORY: " + e.getMessage());
        }
    }
}
