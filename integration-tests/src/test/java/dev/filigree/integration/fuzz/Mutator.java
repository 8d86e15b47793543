package dev.filigree.integration.fuzz;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Makes bad files from good ones: bytes, words, numbers, nesting and lengths. Equal seeds make equal files. */
final class Mutator {
    private static final List<String> NUMBERS = List.of(
            "0",
            "-1",
            "1",
            "2",
            "7",
            "255",
            "65536",
            "2147483647",
            "2147483648",
            "-2147483648",
            "4294967296",
            "9223372036854775807",
            "9223372036854775808",
            "1e308",
            "1e999",
            "-1e999",
            "0.1",
            "1e-320",
            "NaN",
            "null",
            "1000000",
            "\"1\"",
            "true",
            "[]",
            "{}",
            "00",
            "0x7f",
            "123456789012345678901234567890");
    private static final List<String> TEXTS = List.of(
            "",
            "\u0000",
            "../../etc/passwd",
            "/",
            "%s%n",
            "\ud83d\ude00",
            "\u202e",
            "\"",
            "\\",
            "\n",
            "\r\n",
            "\ufeff",
            "a".repeat(5000),
            "(a*)*b",
            "[",
            "{",
            "]",
            "}",
            ":",
            ",",
            "&a [*a]",
            "!!java.net.URL [x]",
            "<<: *a",
            "- ",
            "? ");
    private static final int MAX_BYTES = 1 << 18;

    private final Random random;
    private final List<String> words;

    /** A mutator whose words are what the format speaks of. */
    Mutator(Random random, List<String> words) {
        this.random = random;
        this.words = words;
    }

    /** One to six changes of a file, with parts of another. */
    byte[] change(byte[] file, byte[] other) {
        byte[] changed = file;
        // Half of the files have one change: they get furthest.
        int changes = 1 + Integer.numberOfTrailingZeros(random.nextInt() | 1 << 5);
        for (int i = 0; i < changes; i++) {
            changed = once(changed, other);
        }
        return changed.length > MAX_BYTES ? Arrays.copyOf(changed, MAX_BYTES) : changed;
    }

    private byte[] once(byte[] file, byte[] other) {
        int at = random.nextInt(file.length + 1);
        int to = Math.min(file.length, at + 1 + random.nextInt(1 + random.nextInt(64)));
        return switch (random.nextInt(13)) {
            case 0 -> flipped(file);
            case 1 -> replaced(file, at, to, new byte[0]);
            case 2 -> replaced(file, at, at, text(words));
            case 3 -> replaced(file, at, at, text(TEXTS));
            case 4 -> number(file);
            case 5 -> word(file);
            case 6 -> Arrays.copyOf(file, random.nextInt(file.length + 1));
            case 7 -> replaced(file, at, at, Arrays.copyOfRange(file, at, to));
            case 8 -> replaced(file, at, to, slice(other));
            case 9 -> length(file);
            case 10 -> replaced(file, at, at, nested());
            case 11 -> line(file);
            default -> replaced(file, at, to, bytes(to - at));
        };
    }

    private byte[] flipped(byte[] file) {
        if (file.length == 0) {
            return file;
        }
        byte[] changed = file.clone();
        int at = random.nextInt(file.length);
        changed[at] ^= (byte) (1 << random.nextInt(8));
        return changed;
    }

    // A number becomes an awkward one.
    private byte[] number(byte[] file) {
        List<int[]> found = runs(file, c -> c >= '0' && c <= '9' || c == '.' || c == '-');
        return swapped(file, found, NUMBERS);
    }

    // A word becomes another word of the format.
    private byte[] word(byte[] file) {
        List<int[]> found = runs(file, c -> c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_');
        return swapped(file, found, words);
    }

    // A line goes, comes twice, or changes places with the next.
    private byte[] line(byte[] file) {
        List<int[]> found = runs(file, c -> c != '\n');
        if (found.isEmpty()) {
            return file;
        }
        int[] line = found.get(random.nextInt(found.size()));
        byte[] text = Arrays.copyOfRange(file, line[0], Math.min(file.length, line[1] + 1));
        return random.nextBoolean()
                ? replaced(file, line[0], Math.min(file.length, line[1] + 1), new byte[0])
                : replaced(file, line[0], line[0], text);
    }

    private byte[] swapped(byte[] file, List<int[]> found, List<String> choices) {
        if (found.isEmpty()) {
            return file;
        }
        int[] run = found.get(random.nextInt(found.size()));
        return replaced(file, run[0], run[1], text(choices));
    }

    // Binary formats begin with a length; others lose eight bytes.
    private byte[] length(byte[] file) {
        if (file.length < 8) {
            return file;
        }
        byte[] changed = file.clone();
        long was = ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN).getLong();
        long[] lengths = {0, 1, was + 1, was - 1, file.length, file.length - 8L, 1L << 31, 1L << 40, -1, Long.MAX_VALUE
        };
        ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN).putLong(lengths[random.nextInt(lengths.length)]);
        return changed;
    }

    private byte[] nested() {
        String open = random.nextBoolean() ? "[" : random.nextBoolean() ? "{\"a\":" : "- ";
        return open.repeat(1 << random.nextInt(13)).getBytes(StandardCharsets.UTF_8);
    }

    private byte[] slice(byte[] other) {
        if (other.length == 0) {
            return other;
        }
        int from = random.nextInt(other.length);
        return Arrays.copyOfRange(other, from, Math.min(other.length, from + 1 + random.nextInt(256)));
    }

    private byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    private byte[] text(List<String> choices) {
        return choices.get(random.nextInt(choices.size())).getBytes(StandardCharsets.UTF_8);
    }

    /** Whether a byte belongs to a run. */
    private interface Kind {
        boolean holds(int c);
    }

    private static List<int[]> runs(byte[] file, Kind kind) {
        List<int[]> runs = new ArrayList<>();
        for (int at = 0; at < file.length; at++) {
            int from = at;
            while (at < file.length && kind.holds(file[at])) {
                at++;
            }
            if (at > from) {
                runs.add(new int[] {from, at});
            }
        }
        return runs;
    }

    private static byte[] replaced(byte[] file, int from, int to, byte[] with) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(file.length + with.length);
        out.write(file, 0, from);
        out.write(with, 0, with.length);
        out.write(file, to, file.length - to);
        return out.toByteArray();
    }
}
