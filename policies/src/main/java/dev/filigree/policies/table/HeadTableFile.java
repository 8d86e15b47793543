package dev.filigree.policies.table;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Tables of numbers per layer and head on disk, as text or as JSON.
 *
 * <p>Text: one line per layer, layer 0 first, numbers in any decimal or exponent form, separated by tabs, spaces or
 * commas. A first line {@code # filigree KIND 1} says what the numbers are; without it, as in the published
 * DuoAttention patterns, they may be anything. Below rows, a line {@code # NAME}, one word, starts a further
 * table. Other lines
 * that begin with {@code #}, and empty ones, are skipped.
 *
 * <p>JSON, by the file's extension: an object whose {@code format} is {@code filigree-KIND}; its lists of lists are
 * the tables, that of the kind's name the first.
 *
 * @param file where it was read from
 * @param kind such as {@code gates} or {@code thresholds}, empty if the file does not say
 * @param tables the main one under the empty name, further ones under their own
 */
public record HeadTableFile(Path file, String kind, Map<String, HeadTable> tables) {
    private static final long MAX_BYTES = 1L << 24;

    /** Copies the map, keeping its order. */
    public HeadTableFile {
        tables = Collections.unmodifiableMap(new LinkedHashMap<>(tables));
    }

    /**
     * Reads a file.
     *
     * @throws TableException if it cannot be read, holds no table, a ragged one, or something else than finite numbers
     */
    public static HeadTableFile read(Path file) throws TableException {
        List<String> lines;
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new TableException(file + " must have at most " + MAX_BYTES + " bytes, not " + Files.size(file));
            }
            lines = Files.readAllLines(file);
        } catch (CharacterCodingException e) {
            throw new TableException(file + " must be UTF-8 text");
        } catch (IOException e) {
            throw new TableException(file + " cannot be read: " + e);
        }
        HeadTableFile read = file.toString().endsWith(".json")
                ? JsonTables.parse(file, String.join("\n", lines))
                : TextTables.parse(file, lines);
        if (read.find("").isEmpty()) {
            throw new TableException(file + " must have at least one row of numbers");
        }
        return read;
    }

    private Optional<HeadTable> find(String name) {
        return Optional.ofNullable(tables.get(name));
    }

    /** The main table. */
    public HeadTable table() {
        return find("").orElseThrow();
    }

    /** A further table. */
    public Optional<HeadTable> table(String name) {
        return find(name);
    }

    /**
     * Refuses a file that says it holds something else.
     *
     * @throws TableException with both kinds
     */
    public HeadTableFile requireKind(String wanted) throws TableException {
        if (!kind.isEmpty() && !kind.equals(wanted)) {
            throw new TableException(file + " must hold " + wanted + ", not " + kind);
        }
        return this;
    }
}
