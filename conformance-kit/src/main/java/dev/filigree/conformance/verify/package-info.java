/** The command {@code verify}: runs a profile in a process of its own and writes a certificate. */
package dev.filigree.conformance.verify;
