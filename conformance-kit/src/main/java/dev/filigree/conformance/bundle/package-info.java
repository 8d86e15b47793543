/** Moving a failure, and comparing backends: what went in, what was planned, what came out. */
package dev.filigree.conformance.bundle;
