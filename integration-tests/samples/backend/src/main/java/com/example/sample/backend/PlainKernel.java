package com.example.sample.backend;

import dev.filigree.api.backend.Reason;
import dev.filigree.api.backend.Support;
import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostKernelFactory;
import dev.filigree.api.op.Op;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * The kernel of an op that needs no scratch, and what it cannot do.
 *
 * @param name of the op, the first part of the kernel id
 * @param make prepares the kernel
 * @param refusals why an op does not run; empty if it does
 * @param <O> the op
 */
record PlainKernel<O extends Op>(
        String name, BiFunction<O, HostKernelContext, HostKernel> make, Function<O, List<Reason>> refusals)
        implements HostKernelFactory<O> {

    static <O extends Op> PlainKernel<O> of(String name, BiFunction<O, HostKernelContext, HostKernel> make) {
        return new PlainKernel<>(name, make, op -> List.of());
    }

    @Override
    public Support support(O op, Tensors tensors) {
        List<Reason> reasons = new ArrayList<>(refusals.apply(op));
        List<TensorRef> all = new ArrayList<>(op.inputs());
        all.addAll(op.outputs());
        for (TensorRef ref : all) {
            if (!tensors.get(ref).isContiguous()) {
                reasons.add(Reason.of(Reason.Kind.LAYOUT, "tensor " + tensors.get(ref) + " must be contiguous"));
            }
        }
        return reasons.isEmpty() ? Support.yes(name + "__plain") : new Support.Unsupported(reasons);
    }

    @Override
    public HostKernel prepare(O op, HostKernelContext context) {
        return make.apply(op, context);
    }
}
