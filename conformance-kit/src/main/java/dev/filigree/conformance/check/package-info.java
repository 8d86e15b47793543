/** A wrapper around any backend that asserts the contract on each call. */
package dev.filigree.conformance.check;
