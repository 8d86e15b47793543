package dev.filigree.host.tokenizer.pretokenizer;

import java.util.List;

/** Cuts a piece of text into smaller ones and may rewrite them; pure and thread-safe. */
@FunctionalInterface
public interface PreTokenizer {
    /** Appends the parts of {@code piece} to {@code out} in order, empty ones left out. */
    void split(Piece piece, List<Piece> out);
}
