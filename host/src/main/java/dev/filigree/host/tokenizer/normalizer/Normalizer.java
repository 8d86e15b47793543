package dev.filigree.host.tokenizer.normalizer;

/** Rewrites a text; pure and thread-safe. */
@FunctionalInterface
public interface Normalizer {
    /** The rewritten form of {@code text}, possibly empty. */
    String normalize(String text);
}
