/** The numbered rules of {@code docs/conformance.md}, one constant each. */
package dev.filigree.conformance.rule;
