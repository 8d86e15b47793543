/** What a run proves, as a value, as JSON and as a page to look at. */
package dev.filigree.conformance.certificate;
