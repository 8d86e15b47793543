/** The definition of every operation, in plain loops with fp64 accumulation. */
package dev.filigree.cpu.reference;
