package dev.filigree.conformance.mutant;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.op.Op;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.tensor.DeviceBuffer;
import java.util.List;
import java.util.function.UnaryOperator;

/** Makes a backend that prepares plans with a defect. */
final class MutantProvider extends DefectiveProvider {

    /** Wraps what an honest backend prepared. */
    interface Preparing {
        PreparedPlan prepare(Backend honest, Plan plan);
    }

    MutantProvider(BackendProvider honest, Preparing preparing) {
        super(honest, backend -> new DelegatingBackend(backend) {
            @Override
            public PreparedPlan prepare(Plan plan) {
                return preparing.prepare(inner, plan);
            }
        });
    }

    static <O extends Op> Preparing rewrite(Class<O> type, UnaryOperator<O> rewrite) {
        return (backend, plan) -> {
            List<Op> ops = plan.ops().stream()
                    .map(op -> type.isInstance(op) ? rewrite.apply(type.cast(op)) : op)
                    .toList();
            return new MutantPlan(plan, backend.prepare(new Plan(plan.name(), plan.tensors(), ops)), PreparedPlan::run);
        };
    }

    static <O extends Op> Preparing kernel(Class<O> type, Mutant.Kernel<O> kernel) {
        return (backend, plan) -> {
            PreparedPlan prepared = backend.prepare(plan);
            if (plan.ops().size() != 1 || !type.isInstance(plan.ops().getFirst())) {
                return prepared;
            }
            O op = type.cast(plan.ops().getFirst());
            return new MutantPlan(
                    plan,
                    prepared,
                    (inner, stream, bindings, workspace) ->
                            kernel.run(op, new RunView(plan, bindings), () -> inner.run(stream, bindings, workspace)));
        };
    }

    /** Runs what was prepared in a defective way. */
    interface Running {
        void run(PreparedPlan inner, ExecutionStream stream, RunBindings bindings, DeviceBuffer workspace);
    }

    /** A prepared plan with a defect. */
    static class MutantPlan implements PreparedPlan {
        private final Plan plan;
        private final PreparedPlan inner;
        private final Running running;

        MutantPlan(Plan plan, PreparedPlan inner, Running running) {
            this.plan = plan;
            this.inner = inner;
            this.running = running;
        }

        @Override
        public Plan plan() {
            return plan;
        }

        @Override
        public long workspaceBytes() {
            return inner.workspaceBytes();
        }

        @Override
        public List<String> kernelIds() {
            return inner.kernelIds();
        }

        @Override
        public void run(ExecutionStream stream, RunBindings bindings, DeviceBuffer workspace) {
            running.run(inner, stream, bindings, workspace);
        }

        @Override
        public void close() {
            inner.close();
        }
    }
}
