package dev.filigree.host.engine;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.host.decoder.DecoderPlan;

/** A decoder plan with kernels chosen and every tensor bound: load a step, launch, read. */
final class PreparedStep implements AutoCloseable {
    private final Closer closer = new Closer();
    private final ExecutionStream stream;
    private final PreparedPlan prepared;
    private final RunBindings bindings;
    private final StepInputs inputs;
    private final StepOutputs outputs;

    PreparedStep(DecoderPlan decoder, Backend backend, ExecutionStream stream, ModelMemory memory, KvCachePlan kv) {
        this.stream = stream;
        Plan plan = decoder.plan();
        boolean made = false;
        try {
            prepared = closer.add(backend.prepare(plan));
            BufferScope scope = closer.add(backend.openScope());
            bindings = new RunBindings(plan);
            inputs = closer.add(new StepInputs(plan, kv, scope, bindings));
            outputs = closer.add(new StepOutputs(plan, scope, bindings, stream));
            for (TensorDecl decl : plan.tensors().all()) {
                if (decl.role() == TensorRole.WEIGHT || decl.role() == TensorRole.STATE) {
                    bindings.bind(decl.ref(), memory.buffer(decl));
                }
            }
            made = true;
        } finally {
            if (!made) {
                closer.close();
            }
        }
    }

    long workspaceBytes() {
        return prepared.workspaceBytes();
    }

    void load(Step step) {
        inputs.load(step, stream, bindings);
    }

    void launch(Workspace workspace) {
        prepared.run(stream, bindings, workspace.buffer());
    }

    /** Waits for the step. */
    StepResults fetch(Step step) {
        outputs.fetch(step);
        return outputs;
    }

    @Override
    public void close() {
        closer.close();
    }
}
