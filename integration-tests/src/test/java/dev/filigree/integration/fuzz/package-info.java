/** Readers of untrusted files, fed with files gone bad: nothing but their own exception may come out, and soon. */
package dev.filigree.integration.fuzz;
