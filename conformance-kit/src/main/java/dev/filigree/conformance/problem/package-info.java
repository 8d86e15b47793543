/** Problems: a plan with the bytes and extents of one run, and what came out of a run. */
package dev.filigree.conformance.problem;
