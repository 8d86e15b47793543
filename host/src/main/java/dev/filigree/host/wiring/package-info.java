/** Guice bindings of the host: from a config to the parts of an engine. */
package dev.filigree.host.wiring;
