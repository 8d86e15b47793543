/** Says what a run would do, from the config and the decoder's sizes alone. */
package dev.filigree.host.explain;
