/**
 * The backend SPI: provider, backend, stream, prepared plan, and typed answers to "can you run this?".
 *
 * <p>A provider is found by {@link java.util.ServiceLoader} and must touch no native library before {@link
 * dev.filigree.api.backend.BackendProvider#open}. {@code probe} never throws.
 */
package dev.filigree.api.backend;
