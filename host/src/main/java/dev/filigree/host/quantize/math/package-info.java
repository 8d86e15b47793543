/** Matrix products on a backend, truncated singular value decompositions and triangular factors. */
package dev.filigree.host.quantize.math;
