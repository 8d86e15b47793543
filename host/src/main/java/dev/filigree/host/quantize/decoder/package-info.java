/** The linear layers of a decoder, with inputs that it saw while reading calibration texts. */
package dev.filigree.host.quantize.decoder;
