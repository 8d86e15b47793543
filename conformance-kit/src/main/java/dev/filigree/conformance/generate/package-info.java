/** Seeded inputs that look like data, and sizes that are awkward on purpose. */
package dev.filigree.conformance.generate;
