package dev.filigree.host.tokenizer.pretokenizer;

/**
 * A part of the text on its way to the model.
 *
 * @param text the characters, never empty once a pre-tokenizer has passed it on
 * @param first whether it begins where the whole input begins
 */
public record Piece(String text, boolean first) {
    /** The part {@code [start, end)} of this piece. */
    Piece part(int start, int end) {
        return start == 0 && end == text.length() ? this : new Piece(text.substring(start, end), first && start == 0);
    }

    Piece with(String newText) {
        return new Piece(newText, first);
    }
}
