/** One chooser per op: pure functions from an op and its tensors to launches. */
@org.jspecify.annotations.NullMarked
package dev.filigree.cuda.ops;
