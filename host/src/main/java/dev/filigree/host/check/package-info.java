/** Compares an engine with numbers that another implementation wrote for the same checkpoint. */
package dev.filigree.host.check;
