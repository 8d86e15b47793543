package dev.filigree.conformance.certificate;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Text of a file that somebody else may have written: of bounded size, and quoted in bounded length. */
public final class GivenText {
    private static final int MAX_QUOTED = 80;
    private static final int MAX_LINE = 300;

    private GivenText() {}

    /**
     * A whole file.
     *
     * @param what the file is called in the sentence of a refusal, such as {@code a journal}
     * @throws IllegalArgumentException if it is larger than that, or no UTF-8
     */
    public static String read(Path file, long maxBytes, String what) throws IOException {
        long size = Files.size(file);
        if (size > maxBytes) {
            throw new IllegalArgumentException(file + " has " + size + " bytes; " + what + " has at most " + maxBytes);
        }
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(file + " is not UTF-8 text; " + what + " is", e);
        }
    }

    /** Fit for one line of a message: at most 80 characters, none that controls a terminal, in quotes. */
    public static String quote(String text) {
        return "'" + shortened(text, MAX_QUOTED) + "'";
    }

    /** The same of at most 300 characters and without quotes, for a sentence that may hold a part of the file. */
    public static String line(String text) {
        return shortened(text, MAX_LINE);
    }

    private static String shortened(String text, int maxCharacters) {
        String start = text.substring(0, Math.min(text.length(), maxCharacters));
        return start.replaceAll("[\\p{Cntrl}\\p{Cs}]", "?") + (start.length() < text.length() ? "..." : "");
    }
}
