/** The command line. One class per command; what they compute lives elsewhere. */
package dev.filigree.host.cli;
