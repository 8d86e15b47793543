/** Measures what policies cost and keep: exact match of the retrieval tasks by length and depth, density, bytes and time. */
package dev.filigree.host.eval;
