/** What the kernels of several ops share: typed access to tensors and pages, scratch, loops over rows. */
package dev.filigree.cpu.vector.common;
