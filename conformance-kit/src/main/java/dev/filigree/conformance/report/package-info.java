/** What a run leaves for people: totals, failures with replay lines, support matrix, timings. */
package dev.filigree.conformance.report;
