package dev.filigree.api.backend;

import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.tensor.DeviceBuffer;
import java.util.List;

/**
 * A plan with its kernels chosen. Not thread-safe: one run at a time.
 *
 * {@snippet file="dev/filigree/integration/snippets/ApiSnippetsTest.java" region="run"}
 */
public interface PreparedPlan extends AutoCloseable {

    /** The plan. */
    Plan plan();

    /** Exact bytes of the workspace that {@link #run} needs; 0 or more. */
    long workspaceBytes();

    /** Ids of the kernels in launch order. Fused steps appear once. */
    List<String> kernelIds();

    /**
     * Enqueues the whole plan. Allocates nothing and chooses nothing; on a device it returns before the work is done.
     *
     * @param stream of the same backend
     * @param bindings every bound tensor and axis extent; may be changed again once the call returned
     * @param workspace at least {@link #workspaceBytes} bytes, not shared with work in flight
     * @throws dev.filigree.api.plan.PlanException if a tensor is not bound or too small; nothing was enqueued then
     * @throws BackendException if the device fails
     */
    void run(ExecutionStream stream, RunBindings bindings, DeviceBuffer workspace);

    /** Frees kernels and recordings. Idempotent. */
    @Override
    void close();
}
