/**
 * Text generation for host applications: {@link dev.filigree.host.Filigree} is the one class to start with.
 */
package dev.filigree.host;
