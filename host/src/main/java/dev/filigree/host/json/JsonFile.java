package dev.filigree.host.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.Function;

/** Reads a whole JSON file of bounded size and nesting; a key may stand only once in an object. */
public final class JsonFile {
    private static final int MAX_DEPTH = 64;
    private static final JsonMapper MAPPER = JsonMapper.builder(factory())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private JsonFile() {}

    /**
     * Reads the document in {@code file}.
     *
     * @param maxBytes the largest accepted file size, in bytes
     * @param error makes the exception that carries a problem's sentence; used here and by every access to the result
     * @throws RuntimeException made by {@code error}, if the file is missing, larger than {@code maxBytes}, not UTF-8
     *     or not one JSON document
     */
    public static JsonValue read(Path file, long maxBytes, Function<String, RuntimeException> error) {
        return parse(text(file, maxBytes, error), file.toString(), error);
    }

    /**
     * Reads a document that stands in a text.
     *
     * @param where what messages call the text
     * @param error as above
     * @throws RuntimeException made by {@code error}, if it is not one JSON document
     */
    public static JsonValue parse(String text, String where, Function<String, RuntimeException> error) {
        try {
            JsonNode node = MAPPER.readTree(text);
            if (node == null || node.isMissingNode()) {
                throw error.apply(where + " is empty; accepted: one JSON document");
            }
            return new JsonValue(new JsonSource(where, error), "", node);
        } catch (JsonProcessingException e) {
            throw error.apply(where + " is not a JSON document: " + oneLine(e) + "; accepted: one valid JSON document");
        }
    }

    /** A factory with the limits of this class: nesting up to 64, no key twice, no string above 64 Mi characters. */
    public static JsonFactory factory() {
        // names of a hostile file would fill and slow down the parser's shared table of names
        return JsonFactory.builder()
                .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(MAX_DEPTH)
                        .maxStringLength(1 << 26)
                        .maxNumberLength(64)
                        .build())
                .build();
    }

    /** The parser's complaint on one line of bounded length, with its position. */
    public static String oneLine(JsonProcessingException e) {
        String message =
                Quote.sentence(e.getOriginalMessage().lines().findFirst().orElse("malformed"));
        return e.getLocation() == null
                ? message
                : message + " at line " + e.getLocation().getLineNr() + ", column "
                        + e.getLocation().getColumnNr();
    }

    private static String text(Path file, long maxBytes, Function<String, RuntimeException> error) {
        try {
            long size = Files.size(file);
            if (size > maxBytes) {
                throw error.apply(file + " has " + size + " bytes; accepted: at most " + maxBytes);
            }
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            throw error.apply(file + " does not exist; accepted: a readable JSON file");
        } catch (CharacterCodingException e) {
            throw error.apply(file + " is not UTF-8 text; accepted: JSON in UTF-8");
        } catch (IOException e) {
            throw error.apply(file + " cannot be read (" + e.getMessage() + "); accepted: a readable JSON file");
        }
    }
}
