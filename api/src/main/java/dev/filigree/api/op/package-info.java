/**
 * The closed list of ops. One record per op; the same stem names its folder in every backend and in the
 * conformance kit.
 */
package dev.filigree.api.op;
