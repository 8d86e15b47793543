package dev.filigree.api.host;

import dev.filigree.api.op.Op;
import dev.filigree.api.plan.Tensors;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Finds neighbouring steps of a plan that one kernel computes together. Every step must be supported by itself too, and the
 * fused kernel must give what the steps give one after the other. It may write a tensor of a later step only when all tensors
 * that its earlier steps still read are alive there: temporaries that are not share bytes.
 */
@FunctionalInterface
public interface HostFusion {
    /** Every step by itself. */
    HostFusion NONE = (steps, tensors) -> Optional.empty();

    /**
     * Some steps computed together.
     *
     * @param numSteps how many, 2 or more
     * @param kernelId name of the kernel
     * @param scratchBytes what it needs
     * @param maker makes the kernel
     */
    record Fused(int numSteps, String kernelId, long scratchBytes, Function<HostKernelContext, HostKernel> maker) {}

    /**
     * What can be computed together at the beginning of some steps.
     *
     * @param steps the rest of a plan, at least one step
     */
    Optional<Fused> leading(List<Op> steps, Tensors tensors);
}
