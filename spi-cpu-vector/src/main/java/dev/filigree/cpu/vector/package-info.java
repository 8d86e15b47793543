/** The embedded default backend, on the Vector API. */
package dev.filigree.cpu.vector;
