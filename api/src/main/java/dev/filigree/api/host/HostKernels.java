package dev.filigree.api.host;

import dev.filigree.api.backend.Reason;
import dev.filigree.api.backend.Support;
import dev.filigree.api.op.Op;
import dev.filigree.api.plan.Tensors;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The kernels of a backend: one factory per op, one line per registration. Not changed after construction of the
 * backend.
 */
public final class HostKernels {
    private final Map<Class<? extends Op>, HostKernelFactory<?>> factories = new LinkedHashMap<>();

    /** Registers the kernels of an op; the last registration wins, so a backend can start from another's table. */
    public <O extends Op> HostKernels add(Class<O> op, HostKernelFactory<O> factory) {
        factories.put(op, factory);
        return this;
    }

    /** The ops that have kernels. */
    public java.util.Set<Class<? extends Op>> ops() {
        return java.util.Collections.unmodifiableSet(factories.keySet());
    }

    Support support(String backend, Op op, Tensors tensors) {
        HostKernelFactory<Op> factory = factory(op);
        return factory == null
                ? Support.no(Reason.of(
                        Reason.Kind.FEATURE,
                        "backend " + backend + " has no kernel for " + op.opName(),
                        "backend.name"))
                : factory.support(op, tensors);
    }

    HostKernel prepare(Op op, HostKernelContext context) {
        HostKernelFactory<Op> factory = factory(op);
        if (factory == null) {
            throw new IllegalStateException("no kernel for " + op.opName());
        }
        return factory.prepare(op, context);
    }

    // The map only ever pairs a class with a factory of that class; see add.
    @SuppressWarnings("unchecked")
    private @Nullable HostKernelFactory<Op> factory(Op op) {
        return (HostKernelFactory<Op>) factories.get(op.getClass());
    }
}
