package dev.filigree.conformance.cases.backend;

import com.sun.management.ThreadMXBean;
import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.problem.Problem;
import java.lang.management.ManagementFactory;

/** Heap that the calling thread allocates while a prepared plan runs. */
final class RunAllocations {
    private static final int WARM_UP = 3000;
    private static final int MEASURED = 200;

    private RunAllocations() {}

    static void none(CaseContext c) {
        Problem problem = ContractCases.sumOfThree(c.generator().normals(3 * 40));
        c.requireSupport(problem);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Backend backend = MemoryCases.open(c);
                BufferScope scope = backend.openScope();
                ExecutionStream stream = backend.openStream();
                PreparedPlan prepared = backend.prepare(problem.plan())) {
            RunBindings bindings = new RunBindings(problem.plan());
            problem.data()
                    .forEach((ref, data) ->
                            bindings.bind(ref, scope.allocate(data.bytes().byteSize())));
            DeviceBuffer workspace = scope.allocate(prepared.workspaceBytes());
            run(prepared, stream, bindings, workspace, WARM_UP);
            long before = threads.getCurrentThreadAllocatedBytes();
            run(prepared, stream, bindings, workspace, MEASURED);
            long perRun = (threads.getCurrentThreadAllocatedBytes() - before) / MEASURED;
            c.check(perRun == 0, () -> "a run allocates " + perRun + " bytes of heap");
        }
    }

    private static void run(
            PreparedPlan prepared, ExecutionStream stream, RunBindings bindings, DeviceBuffer workspace, int times) {
        for (int i = 0; i < times; i++) {
            prepared.run(stream, bindings, workspace);
        }
        stream.synchronize();
    }
}
