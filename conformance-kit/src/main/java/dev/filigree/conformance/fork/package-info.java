/** Running cases in a process of their own, so that a crash fails one case and an interrupted run goes on where it was. */
package dev.filigree.conformance.fork;
