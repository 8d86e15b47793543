package dev.filigree.host.tokenizer.bytes;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Turns UTF-8 that arrives in parts into text, holding back a character that is not complete yet. What all calls return
 * together is what decoding all bytes at once gives, malformed ones as U+FFFD.
 */
public final class Utf8Assembler {
    private byte[] held = {};

    /** The characters that are complete after {@code bytes}. */
    public String add(byte[] bytes) {
        byte[] all = bytes;
        if (held.length > 0) {
            all = Arrays.copyOf(held, held.length + bytes.length);
            System.arraycopy(bytes, 0, all, held.length, bytes.length);
        }
        int complete = all.length - incompleteTail(all);
        held = Arrays.copyOfRange(all, complete, all.length);
        return new String(all, 0, complete, StandardCharsets.UTF_8);
    }

    /** What was held back, as U+FFFD, since no more bytes come. */
    public String finish() {
        String rest = new String(held, StandardCharsets.UTF_8);
        held = new byte[0];
        return rest;
    }

    /** How many bytes at the end begin a character that more bytes could still complete: 0 to 3. */
    static int incompleteTail(byte[] bytes) {
        for (int length = 1; length <= 3 && length <= bytes.length; length++) {
            int first = bytes[bytes.length - length] & 0xFF;
            if (first < 0x80) {
                return 0;
            }
            if (first >= 0xC0) {
                return length < sequenceLength(first) && secondFits(bytes, length, first) ? length : 0;
            }
        }
        return 0;
    }

    private static int sequenceLength(int first) {
        if (first >= 0xF0) {
            return first <= 0xF4 ? 4 : 0;
        }
        return first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
    }

    /** The second byte rules out overlong forms, surrogates and code points past U+10FFFF (Unicode table 3-7). */
    private static boolean secondFits(byte[] bytes, int length, int first) {
        if (length < 2) {
            return true;
        }
        int second = bytes[bytes.length - length + 1] & 0xFF;
        return switch (first) {
            case 0xE0 -> second >= 0xA0;
            case 0xED -> second < 0xA0;
            case 0xF0 -> second >= 0x90;
            case 0xF4 -> second < 0x90;
            default -> true;
        };
    }
}
