/** Finding retrieval heads: scores per KV head, by training gates or by looking at attention alone. */
package dev.filigree.host.calibrate.heads;
