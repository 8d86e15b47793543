/** Data and builders that the cases of several ops share. */
package dev.filigree.conformance.cases.shared;
