/** Guice modules that bind what a config names. Guice stays here. */
package dev.filigree.policies.wiring;
