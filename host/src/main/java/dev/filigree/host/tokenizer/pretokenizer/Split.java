package dev.filigree.host.tokenizer.pretokenizer;

import dev.filigree.host.tokenizer.pattern.TextPattern;
import dev.filigree.host.tokenizer.pretokenizer.SplitBehavior.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * Splits where something matches.
 *
 * @param finder finds the matches
 * @param behavior what becomes of them
 * @param invert whether the text between the matches counts as the match
 */
record Split(Finder finder, SplitBehavior behavior, boolean invert) implements PreTokenizer {
    /** Finds non-empty, non-overlapping places from left to right. */
    @FunctionalInterface
    interface Finder {
        void matches(String text, TextPattern.MatchSink sink);
    }

    /** Finds every single code point that {@code accepts}. */
    static Finder codePoints(IntPredicate accepts) {
        return (text, sink) -> {
            for (int i = 0; i < text.length(); ) {
                int codePoint = text.codePointAt(i);
                int end = i + Character.charCount(codePoint);
                if (accepts.test(codePoint)) {
                    sink.match(i, end);
                }
                i = end;
            }
        };
    }

    @Override
    public void split(Piece piece, List<Piece> out) {
        List<Span> spans = new ArrayList<>();
        int[] covered = {0};
        finder.matches(piece.text(), (start, end) -> {
            if (start > covered[0]) {
                spans.add(new Span(covered[0], start, invert));
            }
            spans.add(new Span(start, end, !invert));
            covered[0] = end;
        });
        if (covered[0] < piece.text().length()) {
            spans.add(new Span(covered[0], piece.text().length(), invert));
        }
        for (Span span : behavior.apply(spans)) {
            out.add(piece.part(span.start(), span.end()));
        }
    }
}
