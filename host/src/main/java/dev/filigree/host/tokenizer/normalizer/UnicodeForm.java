package dev.filigree.host.tokenizer.normalizer;

import java.text.Normalizer;
import java.text.Normalizer.Form;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Unicode normalization (UAX #15) whose time grows with the length of the text and nothing else.
 *
 * <p>{@link Normalizer} inserts each combining mark into its run one at a time, which takes minutes on a run of a million.
 * Long runs are therefore put into canonical order here first. That yields a canonically equivalent text, and
 * equivalent texts have the same normal form.
 */
final class UnicodeForm {
    /** Runs up to here are left to the library: at this length its insertion costs less than ordering the run. */
    private static final int SHORT_RUN = 256;

    /** COMBINING GREEK YPOGEGRAMMENI has the highest combining class there is (240), alone in it. */
    private static final int HIGHEST_CLASS = 0x345;

    private UnicodeForm() {}

    static String normalize(String text, Form form) {
        return Normalizer.normalize(orderLongRuns(text), form);
    }

    private static String orderLongRuns(String text) {
        StringBuilder out = null;
        int copied = 0;
        for (int i = 0; i < text.length(); ) {
            int end = runEnd(text, i);
            if (end - i > SHORT_RUN) {
                out = out == null ? new StringBuilder(text.length()) : out;
                out.append(text, copied, i);
                appendOrdered(text.substring(i, end), out);
                copied = end;
            }
            i = end > i ? end : i + Character.charCount(text.codePointAt(i));
        }
        return out == null ? text : out.append(text, copied, text.length()).toString();
    }

    private static int runEnd(String text, int start) {
        int i = start;
        while (i < text.length() && isMark(text.codePointAt(i))) {
            i += Character.charCount(text.codePointAt(i));
        }
        return i;
    }

    private static boolean isMark(int codePoint) {
        int type = Character.getType(codePoint);
        return type == Character.NON_SPACING_MARK || type == Character.COMBINING_SPACING_MARK;
    }

    /** Decomposes each mark on its own, then orders every stretch of marks that have a combining class. */
    private static void appendOrdered(String run, StringBuilder out) {
        Map<Integer, String> decomposed = new HashMap<>();
        List<Integer> stretch = new ArrayList<>();
        Map<Integer, Boolean> moves = new HashMap<>();
        run.codePoints()
                .mapMulti((c, next) -> decomposed
                        .computeIfAbsent(c, k -> Normalizer.normalize(Character.toString(k), Form.NFD))
                        .codePoints()
                        .forEach(next))
                .forEach(mark -> {
                    if (moves.computeIfAbsent(mark, UnicodeForm::hasClass)) {
                        stretch.add(mark);
                    } else {
                        flush(stretch, out);
                        out.appendCodePoint(mark);
                    }
                });
        flush(stretch, out);
    }

    private static boolean hasClass(int mark) {
        return mark == HIGHEST_CLASS || compareClass(HIGHEST_CLASS, mark) > 0;
    }

    private static void flush(List<Integer> stretch, StringBuilder out) {
        List<Integer> distinct =
                stretch.stream().distinct().sorted(UnicodeForm::compareClass).toList();
        Map<Integer, Integer> ranks = new HashMap<>();
        int rank = 0;
        for (int i = 0; i < distinct.size(); i++) {
            rank += i > 0 && compareClass(distinct.get(i - 1), distinct.get(i)) < 0 ? 1 : 0;
            ranks.put(distinct.get(i), rank);
        }
        stretch.sort(Comparator.comparing(mark -> ranks.getOrDefault(mark, 0)));
        stretch.forEach(out::appendCodePoint);
        stretch.clear();
    }

    /** Compares the combining classes, which the JDK does not publish, by whether normalization swaps the two marks. */
    private static int compareClass(int a, int b) {
        if (swaps(a, b)) {
            return 1;
        }
        return swaps(b, a) ? -1 : 0;
    }

    private static boolean swaps(int first, int second) {
        String pair = Character.toString(first) + Character.toString(second);
        return !Normalizer.normalize(pair, Form.NFD).equals(pair);
    }
}
