/**
 * The conformance kit. To prove a backend, extend {@code BackendConformance} with one method, or run {@code Main}
 * with the backend on the module path. Rules, mutants and tolerances are explained in {@code docs/conformance.md}.
 */
package dev.filigree.conformance;
