package dev.filigree.host.tokenizer.pretokenizer;

import dev.filigree.host.tokenizer.bytes.ByteAlphabet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes a text's UTF-8 bytes in the byte alphabet, after cutting it with {@code words} if that is given.
 *
 * @param prefixSpace whether a space goes before a text that has none
 */
record ByteLevel(boolean prefixSpace, @Nullable PreTokenizer words) implements PreTokenizer {
    /** The word pattern of GPT-2, which {@code use_regex} stands for. */
    static final String WORDS = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

    @Override
    public void split(Piece piece, List<Piece> out) {
        Piece whole = prefixSpace && !piece.text().startsWith(" ") ? piece.with(" " + piece.text()) : piece;
        int from = out.size();
        if (words == null) {
            out.add(whole);
        } else {
            words.split(whole, out);
        }
        out.subList(from, out.size()).replaceAll(part -> part.with(ByteAlphabet.encode(part.text())));
    }
}
