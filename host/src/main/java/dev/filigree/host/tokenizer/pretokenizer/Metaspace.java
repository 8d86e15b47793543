package dev.filigree.host.tokenizer.pretokenizer;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes spaces as a visible character, as sentencepiece does, and cuts before each of them if {@code words} is given.
 *
 * @param replacement what stands for a space, one character
 * @param prepend when one is put before the text that does not begin with it
 */
record Metaspace(
        String replacement, Prepend prepend, @Nullable PreTokenizer words) implements PreTokenizer {
    /** {@code FIRST} is at the start of the whole input only, {@code ALWAYS} also after each added token. */
    enum Prepend {
        ALWAYS,
        FIRST,
        NEVER
    }

    @Override
    public void split(Piece piece, List<Piece> out) {
        String text = piece.text().replace(" ", replacement);
        boolean wanted = prepend == Prepend.ALWAYS || (prepend == Prepend.FIRST && piece.first());
        Piece whole = piece.with(wanted && !text.startsWith(replacement) ? replacement + text : text);
        if (words == null) {
            out.add(whole);
        } else {
            words.split(whole, out);
        }
    }
}
