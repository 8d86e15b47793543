/**
 * Plans: immutable, printable, comparable lists of ops over named symbolic tensors.
 *
 * <p>Axes come in two kinds. A fixed axis is known when the plan is made and may compile a kernel; a variable axis is
 * given per run, never above the capacity that the plan states. Only the outermost axis of a tensor may be variable,
 * so strides never change between runs and a captured run can be replayed.
 */
package dev.filigree.api.plan;
