package dev.filigree.api.host;

import dev.filigree.api.backend.Support;
import dev.filigree.api.op.Op;
import dev.filigree.api.plan.Tensors;

/**
 * Makes the kernels of one op.
 *
 * @param <O> the op
 */
public interface HostKernelFactory<O extends Op> {

    /** Whether the op runs, under which kernel id and with how much scratch. */
    Support support(O op, Tensors tensors);

    /** Makes the kernel of an op that is supported. */
    HostKernel prepare(O op, HostKernelContext context);

    /** A factory that supports every valid op without scratch. */
    static <O extends Op> HostKernelFactory<O> of(
            String kernelId, java.util.function.BiFunction<O, HostKernelContext, HostKernel> make) {
        return new HostKernelFactory<>() {
            @Override
            public Support support(O op, Tensors tensors) {
                return Support.yes(kernelId);
            }

            @Override
            public HostKernel prepare(O op, HostKernelContext context) {
                return make.apply(op, context);
            }
        };
    }
}
