/**
 * Runs decoder steps for many sequences over one open model: weights, cache pages, prepared plans. No text here; see
 * {@code dev.filigree.host} for that.
 */
package dev.filigree.host.engine;
