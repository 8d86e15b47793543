/**
 * The KV cache contract: what attention needs kept, where each head's keys and values live, at what precision, and
 * the byte layout of a page.
 */
package dev.filigree.api.kvcache;
