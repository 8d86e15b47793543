package dev.filigree.host.tokenizer.bytes;

/** Tokens of the form {@code <0xE2>}, which stand for one byte in vocabularies with byte fallback. */
public final class ByteToken {
    private ByteToken() {}

    /** The token for {@code value}, 0 to 255. */
    public static String of(int value) {
        return String.format("<0x%02X>", value);
    }

    /** The byte, 0 to 255, that {@code token} stands for, or -1 if it is not of this form. */
    public static int value(String token) {
        if (token.length() != 6 || !token.startsWith("<0x") || token.charAt(5) != '>') {
            return -1;
        }
        int high = hex(token.charAt(3));
        int low = hex(token.charAt(4));
        return high < 0 || low < 0 ? -1 : high << 4 | low;
    }

    /** {@link Character#digit} would also accept the digits of other scripts. */
    private static int hex(char c) {
        return c < 128 ? Character.digit(c, 16) : -1;
    }
}
