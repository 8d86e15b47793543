package dev.filigree.cpu.vector;

import dev.filigree.api.backend.Reason;
import dev.filigree.api.backend.Support;
import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostKernelFactory;
import dev.filigree.api.op.Op;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.parallel.WorkerPool;

/**
 * Makes the kernels of one op, with scratch for every worker.
 *
 * @param <O> the op
 */
final class VectorKernelFactory<O extends Op> implements HostKernelFactory<O> {

    /** How much scratch an op needs; a pure function of the plan. */
    @FunctionalInterface
    interface Scratch<O> {
        ScratchNeed of(O op, Tensors tensors, WorkerPool pool);
    }

    /** Makes the kernel of one step. */
    @FunctionalInterface
    interface Maker<O> {
        HostKernel make(O op, KernelSite site);
    }

    private final String kernelId;
    private final WorkerPool pool;
    private final Scratch<O> scratch;
    private final Maker<O> maker;

    VectorKernelFactory(String name, WorkerPool pool, Scratch<O> scratch, Maker<O> maker) {
        this.kernelId = name + "__vector" + Lanes.BITS;
        this.pool = pool;
        this.scratch = scratch;
        this.maker = maker;
    }

    @Override
    public Support support(O op, Tensors tensors) {
        try {
            return Support.yes(kernelId, scratch.of(op, tensors, pool).totalBytes(pool.numWorkers()));
        } catch (ArithmeticException tooLarge) {
            return Support.no(Reason.of(
                    Reason.Kind.SHAPE,
                    "an extent of " + op.outputs() + " does not fit 31 bits; accepted are smaller ones"));
        }
    }

    @Override
    public HostKernel prepare(O op, HostKernelContext context) {
        ScratchNeed need = scratch.of(op, KernelSite.decls(op, context), pool);
        return maker.make(op, new KernelSite(context, pool, need));
    }
}
