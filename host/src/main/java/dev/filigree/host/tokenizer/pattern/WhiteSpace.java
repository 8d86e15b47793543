package dev.filigree.host.tokenizer.pattern;

/** Unicode's property White_Space (PropList.txt), which the JDK has only under other definitions. */
public final class WhiteSpace {
    private WhiteSpace() {}

    public static boolean is(int codePoint) {
        return switch (codePoint) {
            case ' ', '\t', '\n', 0x0B, '\f', '\r', 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000 -> true;
            default -> codePoint >= 0x2000 && codePoint <= 0x200A;
        };
    }

    /** The first index from {@code start} on that is not white space, or the length. */
    public static int skip(String text, int start) {
        int i = start;
        while (i < text.length() && is(text.charAt(i))) {
            i++;
        }
        return i;
    }

    /** The start of the white space that ends at {@code end}; {@code end} itself if there is none. */
    public static int skipBack(String text, int end) {
        int i = end;
        while (i > 0 && is(text.charAt(i - 1))) {
            i--;
        }
        return i;
    }
}
