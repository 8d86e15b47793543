package dev.filigree.api.backend;

import dev.filigree.api.op.Op;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.tensor.BufferScope;
import java.util.ArrayList;
import java.util.List;

/**
 * An open backend. Thread-safe; streams and prepared plans are not. Closing it invalidates everything made from it.
 */
public interface Backend extends AutoCloseable {

    /** The provider's name. */
    String name();

    /** What it runs on. */
    DeviceInfo device();

    /** Opens a scope that owns buffers. */
    BufferScope openScope();

    /** Opens a stream. Work on one stream runs in order. */
    ExecutionStream openStream();

    /** Whether one op runs, by which kernel and with how much scratch. */
    Support support(Op op, Tensors tensors);

    /**
     * Chooses kernels, loads them, and computes the exact workspace of a plan. Everything that may be slow
     * happens here.
     *
     * @throws UnsupportedPlanException if an op does not run, with every reason
     */
    PreparedPlan prepare(Plan plan);

    /** Every reason why the plan does not run, each led by its op; empty if it does. */
    default List<Reason> refusals(Plan plan) {
        List<Reason> reasons = new ArrayList<>();
        for (Op op : plan.ops()) {
            if (support(op, plan.tensors()) instanceof Support.Unsupported(List<Reason> why)) {
                for (Reason reason : why) {
                    reasons.add(new Reason(reason.kind(), op.opName() + ": " + reason.sentence(), reason.configKey()));
                }
            }
        }
        return reasons.stream().distinct().toList();
    }

    @Override
    void close();
}
