/** The published layout of QServe's and LServe's checkpoints: W8A8, W4A8 per channel and W4A8 in groups of 128 over int8. */
package dev.filigree.host.quantize.qserve;
