/** Quantizes the linear layers of a model: the job, what it asks of a model, and what it leaves behind. */
package dev.filigree.host.quantize;
