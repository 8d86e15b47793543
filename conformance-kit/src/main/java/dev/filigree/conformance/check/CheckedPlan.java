package dev.filigree.conformance.check;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.conformance.rule.Rule;
import dev.filigree.conformance.rule.RuleBroken;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs a plan between guards. */
final class CheckedPlan implements PreparedPlan {
    /** A float of these bytes is NaN, an index of them far out of range: nothing computed from it stays hidden. */
    private static final byte GARBAGE = (byte) 0xff;

    private final CheckedBackend owner;
    private final PreparedPlan inner;
    private final RunBindings translated;
    private final BufferScope scope;
    private final DeviceBuffer workspace;
    private final long workspaceBytes;

    CheckedPlan(CheckedBackend owner, Backend backend, PreparedPlan inner) {
        this.owner = owner;
        this.inner = inner;
        translated = new RunBindings(inner.plan());
        workspaceBytes = inner.workspaceBytes();
        scope = backend.openScope();
        workspace = scope.allocate(workspaceBytes + Guards.BYTES);
    }

    @Override
    public Plan plan() {
        return inner.plan();
    }

    @Override
    public long workspaceBytes() {
        if (inner.workspaceBytes() != workspaceBytes) {
            throw new RuleBroken(
                    Rule.R1004, "the workspace was " + workspaceBytes + " bytes and is now " + inner.workspaceBytes());
        }
        return workspaceBytes;
    }

    @Override
    public List<String> kernelIds() {
        return inner.kernelIds();
    }

    @Override
    public void run(ExecutionStream stream, RunBindings bindings, DeviceBuffer given) {
        ExecutionStream raw = ((CheckedStream) stream).inner();
        Map<TensorRef, CheckedBuffer> bound = translate(bindings);
        if (given.sizeBytes() < workspaceBytes()) {
            inner.run(raw, translated, scope.allocate(given.sizeBytes()));
            throw new RuleBroken(
                    Rule.R1004,
                    "a workspace of " + given.sizeBytes() + " bytes was accepted where " + workspaceBytes
                            + " are needed");
        }
        Map<TensorRef, byte[]> before = readOnly(raw, bound);
        raw.fill(workspace, 0, workspaceBytes, GARBAGE);
        Guards.lay(raw, workspace, workspaceBytes);
        inner.run(raw, translated, workspace);
        raw.synchronize();
        Guards.verify(raw, workspace, workspaceBytes, Rule.R1004, "after the workspace");
        bound.forEach((ref, buffer) -> verifyGuards(raw, buffer, "tensor " + ref));
        readOnly(raw, bound).forEach((ref, bytes) -> {
            int at = Arrays.mismatch(before.get(ref), bytes);
            if (at >= 0) {
                throw new RuleBroken(Rule.R102, "byte " + at + " of tensor " + ref + " was changed");
            }
        });
    }

    static void verifyGuards(ExecutionStream raw, CheckedBuffer buffer, String what) {
        if (buffer.guardBytes() > 0 && buffer.isAlive()) {
            Guards.verify(raw, buffer.inner(), 0, Rule.R103, "of the guard before " + what);
            Guards.verify(raw, buffer.inner(), Guards.BYTES + buffer.sizeBytes(), Rule.R103, "past the end of " + what);
        }
    }

    private Map<TensorRef, CheckedBuffer> translate(RunBindings bindings) {
        plan().variableAxes().forEach(axis -> translated.axis(axis, bindings.value(axis)));
        Map<TensorRef, CheckedBuffer> bound = new LinkedHashMap<>();
        for (TensorDecl decl : plan().tensors().all()) {
            if (decl.role() != TensorRole.TEMP) {
                CheckedBuffer buffer = owner.own(bindings.buffer(decl.ref()));
                if (!buffer.isAlive()) {
                    throw new IllegalStateException("tensor " + decl.ref() + " is bound to a buffer of a closed scope");
                }
                bound.put(decl.ref(), buffer);
                translated.bind(decl.ref(), buffer.inner(), buffer.guardBytes() + bindings.offsetBytes(decl.ref()));
            }
        }
        return bound;
    }

    private Map<TensorRef, byte[]> readOnly(ExecutionStream raw, Map<TensorRef, CheckedBuffer> bound) {
        Map<TensorRef, byte[]> bytes = new LinkedHashMap<>();
        bound.forEach((ref, buffer) -> {
            TensorRole role = plan().tensors().get(ref).role();
            if (role == TensorRole.INPUT || role == TensorRole.WEIGHT) {
                bytes.put(ref, Guards.read(raw, buffer.inner(), buffer.guardBytes(), buffer.sizeBytes()));
            }
        });
        return bytes;
    }

    @Override
    public void close() {
        inner.close();
        scope.close();
    }
}
