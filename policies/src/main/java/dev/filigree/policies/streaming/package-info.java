/** Every head sees the sink and the recent tokens only (StreamingLLM section 3.2), token-exact. */
package dev.filigree.policies.streaming;
