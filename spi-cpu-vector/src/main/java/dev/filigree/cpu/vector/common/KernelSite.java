package dev.filigree.cpu.vector.common;

import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.Op;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.lanes.Memory;
import dev.filigree.cpu.vector.parallel.WorkerPool;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/** What a kernel is given when a plan is prepared: its tensors, who computes, and scratch. */
public final class KernelSite {
    private final HostKernelContext context;
    private final WorkerPool pool;
    private final ScratchNeed need;
    private long scratch;

    /** A site of one step. */
    public KernelSite(HostKernelContext context, WorkerPool pool, ScratchNeed need) {
        this.context = context;
        this.pool = pool;
        this.need = need;
    }

    /** The tensor of a name. */
    public HostTensor tensor(TensorRef ref) {
        return context.tensor(ref);
    }

    /** The f32, f16 or bf16 tensor of a name. */
    public FloatTensor floats(TensorRef ref) {
        return new FloatTensor(context.tensor(ref));
    }

    /** The declarations of an op's tensors. */
    public Tensors decls(Op op) {
        return decls(op, context);
    }

    /** The declarations of an op's tensors. */
    public static Tensors decls(Op op, HostKernelContext context) {
        Map<TensorRef, TensorDecl> decls = new LinkedHashMap<>();
        Stream.concat(op.inputs().stream(), op.outputs().stream())
                .forEach(ref -> decls.put(ref, context.tensor(ref).decl()));
        return new Tensors(decls.values());
    }

    /** Who computes. */
    public WorkerPool pool() {
        return pool;
    }

    /** Points at the scratch of the current run; called first in every run that uses scratch. */
    public void point() {
        long bytes = need.totalBytes(pool.numWorkers());
        if (bytes > 0) {
            HostKernelContext.Scratch now = context.scratch();
            scratch = Memory.address(now.segment(), now.offsetBytes(), bytes);
        }
    }

    /** Address of the shared scratch. */
    public long shared() {
        return scratch;
    }

    /** Address of a worker's own scratch. */
    public long worker(int worker) {
        return scratch + need.sharedBytes() + worker * need.workerBytes();
    }
}
