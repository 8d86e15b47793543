package dev.filigree.host.tokenizer;

import dev.filigree.host.tokenizer.pattern.WhiteSpace;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds added tokens in a text: leftmost first, the longest of those that begin at the same place. */
final class AddedTokenFinder {
    /** Receives the text from left to right, cut where added tokens stand. */
    interface Sink {
        /** Plain text {@code [start, end)}, not empty. */
        void text(int start, int end);

        void token(int id);
    }

    /** A node of the prefix tree of all contents. */
    private static final class Node {
        private final Map<Character, Node> children = new HashMap<>();
        private @Nullable AddedToken token;
    }

    private record Match(AddedToken token, int start, int end) {}

    private final Node root = new Node();

    /** Makes {@code token} be found where {@code content} stands; the first token with a content wins. */
    void add(String content, AddedToken token) {
        Node node = root;
        for (int i = 0; i < content.length(); i++) {
            node = node.children.computeIfAbsent(content.charAt(i), c -> new Node());
        }
        if (node.token == null && !content.isEmpty()) {
            node.token = token;
        }
    }

    void split(String text, Sink sink) {
        int done = 0;
        for (int i = 0; i < text.length(); ) {
            Match match = match(text, i);
            if (match == null) {
                i++;
                continue;
            }
            i = match.end();
            if (match.token().singleWord() && !standsAlone(text, match)) {
                continue;
            }
            int start = match.token().leftStrip()
                    ? Math.max(done, WhiteSpace.skipBack(text, match.start()))
                    : match.start();
            int end = match.token().rightStrip() ? WhiteSpace.skip(text, match.end()) : match.end();
            if (start > done) {
                sink.text(done, start);
            }
            sink.token(match.token().id());
            done = end;
            i = end;
        }
        if (done < text.length()) {
            sink.text(done, text.length());
        }
    }

    private @Nullable Match match(String text, int start) {
        Match longest = null;
        Node node = root;
        for (int i = start; i < text.length() && !node.children.isEmpty(); i++) {
            Node child = node.children.get(text.charAt(i));
            if (child == null) {
                break;
            }
            if (child.token != null) {
                longest = new Match(child.token, start, i + 1);
            }
            node = child;
        }
        return longest;
    }

    private static boolean standsAlone(String text, Match match) {
        boolean wordBefore = match.start() > 0 && isWord(text.codePointBefore(match.start()));
        boolean wordAfter = match.end() < text.length() && isWord(text.codePointAt(match.end()));
        return !wordBefore && !wordAfter;
    }

    private static boolean isWord(int codePoint) {
        int type = Character.getType(codePoint);
        return Character.isAlphabetic(codePoint)
                || Character.isDigit(codePoint)
                || type == Character.NON_SPACING_MARK
                || type == Character.COMBINING_SPACING_MARK
                || type == Character.ENCLOSING_MARK
                || type == Character.CONNECTOR_PUNCTUATION;
    }
}
