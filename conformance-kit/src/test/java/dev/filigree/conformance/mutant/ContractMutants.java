package dev.filigree.conformance.mutant;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.backend.Probe;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.api.op.KvAppend;
import dev.filigree.api.op.Linear;
import dev.filigree.api.op.Op;
import dev.filigree.api.op.SwiGlu;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.conformance.problem.TensorData;
import dev.filigree.conformance.rule.Rule;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;

/** Defects that no op explains: memory, plans, streams, answers. */
final class ContractMutants {
    private ContractMutants() {}

    static List<Mutant> all() {
        return List.of(
                Mutant.kernel("a call over nothing writes", Rule.R101, KvAppend.class, ContractMutants::writeAnyway),
                Mutant.kernel("an input is used as scratch", Rule.R102, Linear.class, (op, view, honest) -> {
                    honest.run();
                    touch(view.get(op.x()).bytes(), 0);
                }),
                Mutant.kernel(
                        "one element past the end is written", Rule.R103, DenseAttention.class, (op, view, honest) -> {
                            honest.run();
                            touch(
                                    view.from(op.out()),
                                    view.get(op.out()).bytes().byteSize());
                        }),
                Mutant.kernel("strides ignored", Rule.R104, DenseAttention.class, ContractMutants::packed),
                Mutant.kernel("results differ from run to run", Rule.R106, Linear.class, new Drifting()),
                running("extents of the first run kept", Rule.R107, new FirstExtents()),
                running("offsets of bindings ignored", Rule.R111, ContractMutants::withoutOffsets),
                new Mutant(
                        "temporaries overlap",
                        Rule.R110,
                        provider -> new MutantProvider(provider, ContractMutants::overlap)),
                running("workspace overrun", Rule.R1004, (inner, stream, bindings, workspace) -> {
                    inner.run(stream, bindings, workspace);
                    touch(workspace.hostSegment().orElseThrow(), inner.workspaceBytes());
                }),
                backend("closed scopes live on", Rule.R1001, DefectiveBackends.LeakyBackend::new),
                backend("buffers start dirty", Rule.R1002, DefectiveBackends.DirtyBackend::new),
                backend("a failed allocation is another error", Rule.R1005, DefectiveBackends.WrongErrorBackend::new),
                backend("uploads start one byte late", Rule.R1008, DefectiveBackends.ShiftedUploads::new),
                backend(
                        "support promises more than prepare keeps",
                        Rule.R1102,
                        DefectiveBackends.PromisingBackend::new),
                backend("a refused run has written", Rule.R1103, DefectiveBackends.HastyBackend::new),
                backend("writes wait for the next read", Rule.R1104, DefectiveBackends.LazyBackend::new),
                backend("kernels without ids", Rule.R1106, DefectiveBackends.NamelessBackend::new),
                provider("probe throws", Rule.R1101, honest -> new DefectiveProvider(honest, b -> b) {
                    @Override
                    public Probe probe() {
                        throw new IllegalStateException("driver not found");
                    }
                }),
                provider("unknown options accepted", Rule.R1105, honest -> new DefectiveProvider(honest, b -> b) {
                    @Override
                    public Backend open(BackendOptions options) {
                        return honest.open(BackendOptions.NONE);
                    }
                }),
                running("right on the first thread only", Rule.R1107, new OneThread()));
    }

    private static Mutant provider(String name, Rule rule, UnaryOperator<BackendProvider> defect) {
        return new Mutant(name, rule, defect);
    }

    private static Mutant backend(String name, Rule rule, UnaryOperator<Backend> defect) {
        return new Mutant(name, rule, provider -> new DefectiveProvider(provider, defect));
    }

    private static Mutant running(String name, Rule rule, MutantProvider.Running running) {
        return new Mutant(
                name,
                rule,
                provider -> new MutantProvider(
                        provider,
                        (backend, plan) -> new MutantProvider.MutantPlan(plan, backend.prepare(plan), running)));
    }

    static void touch(MemorySegment bytes, long at) {
        if (at < bytes.byteSize()) {
            bytes.set(ValueLayout.JAVA_BYTE, at, (byte) (bytes.get(ValueLayout.JAVA_BYTE, at) + 1));
        }
    }

    private static void writeAnyway(KvAppend op, RunView view, Runnable honest) {
        honest.run();
        if (view.get(op.positions()).numElements() == 0) {
            touch(view.get(op.kv().pages()).bytes(), 0);
        }
    }

    // Reads a strided q as if its rows lay side by side.
    private static void packed(DenseAttention op, RunView view, Runnable honest) {
        view.changed(
                op.q(),
                t -> {
                    TensorData before = t.copy();
                    for (int i = 0; i < t.numElements(); i++) {
                        t.set(t.element(i), before.get(i));
                    }
                },
                honest);
    }

    /** The result depends on how many runs there were. */
    private static final class Drifting implements Mutant.Kernel<Linear> {
        private final AtomicInteger runs = new AtomicInteger();

        @Override
        public void run(Linear op, RunView view, Runnable honest) {
            honest.run();
            if (runs.getAndIncrement() % 2 == 1) {
                touch(view.get(op.y()).bytes(), 0);
            }
        }
    }

    /** Runs with the extents that each plan ran with first. */
    private static final class FirstExtents implements MutantProvider.Running {
        private final IdentityHashMap<PreparedPlan, Long> first = new IdentityHashMap<>();

        @Override
        public void run(PreparedPlan inner, ExecutionStream stream, RunBindings bindings, DeviceBuffer workspace) {
            if (!inner.plan().variableAxes().contains("numTokens")) {
                inner.run(stream, bindings, workspace);
                return;
            }
            long now = bindings.value("numTokens");
            bindings.axis("numTokens", Math.min(now, first.computeIfAbsent(inner, plan -> now)));
            inner.run(stream, bindings, workspace);
            bindings.axis("numTokens", now);
        }
    }

    private static void withoutOffsets(
            PreparedPlan inner, ExecutionStream stream, RunBindings bindings, DeviceBuffer workspace) {
        RunBindings shifted = new RunBindings(inner.plan());
        inner.plan().variableAxes().forEach(axis -> shifted.axis(axis, bindings.value(axis)));
        for (TensorDecl decl : inner.plan().tensors().all()) {
            if (decl.role() != TensorRole.TEMP) {
                // Buffers of the checking wrapper start after a guard of 256 bytes.
                shifted.bind(decl.ref(), bindings.buffer(decl.ref()), Math.min(256, bindings.offsetBytes(decl.ref())));
            }
        }
        inner.run(stream, shifted, workspace);
    }

    // Fused steps that read the first temporary where the second is meant; each step alone is right.
    private static PreparedPlan overlap(Backend backend, Plan plan) {
        List<Op> ops = plan.ops().stream()
                .map(op -> op instanceof SwiGlu glu && plan.ops().size() > 1
                        ? new SwiGlu(glu.gate(), glu.gate(), glu.out())
                        : op)
                .toList();
        PreparedPlan prepared = backend.prepare(new Plan(plan.name(), plan.tensors(), ops));
        return new MutantProvider.MutantPlan(plan, prepared, PreparedPlan::run);
    }

    /** Only the first thread that runs gets right results, as with state kept per thread. */
    private static final class OneThread implements MutantProvider.Running {
        private final AtomicReference<Thread> first = new AtomicReference<>();

        @Override
        public void run(PreparedPlan inner, ExecutionStream stream, RunBindings bindings, DeviceBuffer workspace) {
            inner.run(stream, bindings, workspace);
            first.compareAndSet(null, Thread.currentThread());
            if (first.get() == Thread.currentThread()) {
                return;
            }
            for (TensorDecl decl : inner.plan().tensors().all()) {
                if (decl.role() == TensorRole.OUTPUT) {
                    touch(bindings.buffer(decl.ref()).hostSegment().orElseThrow(), bindings.offsetBytes(decl.ref()));
                }
            }
        }
    }
}
