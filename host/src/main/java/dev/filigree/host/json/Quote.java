package dev.filigree.host.json;

/** Text from a file, made fit for one line of an error message. */
public final class Quote {
    private static final int MAX_LENGTH = 80;
    private static final int MAX_SENTENCE = 240;

    private Quote() {}

    /** At most 80 characters of {@code text}, with control characters and unpaired surrogates as {@code \}uXXXX. */
    public static String name(String text) {
        return shortened(text, MAX_LENGTH);
    }

    /** The same of at most 240 characters, for a library's sentence that may quote the file. */
    public static String sentence(String text) {
        return shortened(text, MAX_SENTENCE);
    }

    private static String shortened(String text, int maxLength) {
        if (isPlain(text, maxLength)) {
            return text;
        }
        StringBuilder out = new StringBuilder();
        int length = Math.min(text.length(), maxLength);
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            if (Character.isISOControl(c) || Character.isSurrogate(c)) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return length < text.length() ? out.append("...").toString() : out.toString();
    }

    private static boolean isPlain(String text, int maxLength) {
        if (text.length() > maxLength) {
            return false;
        }
        return text.chars().noneMatch(c -> Character.isISOControl(c) || Character.isSurrogate((char) c));
    }
}
