package dev.filigree.vulkan.launch;

import dev.filigree.api.plan.TensorDecl;

/**
 * A tensor of a launch.
 *
 * @param decl its declaration
 * @param scratchOffset where in the step's scratch it lies, or -1 for a tensor of the plan
 */
public record Operand(TensorDecl decl, long scratchOffset) {}
