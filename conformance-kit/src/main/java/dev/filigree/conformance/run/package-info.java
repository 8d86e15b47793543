/** Running cases: seeds, tiers, the reference backend, results. */
package dev.filigree.conformance.run;
