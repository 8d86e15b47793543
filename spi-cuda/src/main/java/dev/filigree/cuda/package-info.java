/** The CUDA backend, on the driver API alone. */
package dev.filigree.cuda;
