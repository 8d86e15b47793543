/** Holding a result against what is expected: tolerances per op and dtype, and comparisons that say how close it was. */
package dev.filigree.conformance.compare;
