package dev.filigree.host.checkpoint;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.filigree.host.checkpoint.SafetensorsHeader.Extent;
import dev.filigree.host.json.JsonFile;
import dev.filigree.host.json.Quote;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.lang.foreign.MemorySegment;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads a header token by token, so that a bad one is refused where it goes bad and not after all of it is in memory. */
final class SafetensorsHeaderParser {
    private static final String METADATA = "__metadata__";
    private static final int MAX_TENSORS = 1_000_000;
    private static final int MAX_RANK = 32;

    private final Path file;
    private final long dataBytes;
    private final Map<String, Extent> tensors = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    SafetensorsHeaderParser(Path file, long dataBytes) {
        this.file = file;
        this.dataBytes = dataBytes;
    }

    Map<String, Extent> tensors() {
        return tensors;
    }

    Map<String, String> metadata() {
        return metadata;
    }

    void parse(MemorySegment header) {
        Reader text = new InputStreamReader(
                new SegmentInput(header),
                StandardCharsets.UTF_8
                        .newDecoder()
                        .onMalformedInput(CodingErrorAction.REPORT)
                        .onUnmappableCharacter(CodingErrorAction.REPORT));
        try (JsonParser json = JsonFile.factory().createParser(text)) {
            expect(json.nextToken(), JsonToken.START_OBJECT, "the header", "an object");
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                json.nextToken();
                if (name.equals(METADATA)) {
                    readMetadata(json);
                } else {
                    tensors.put(name, readTensor(json, name));
                }
                if (tensors.size() > MAX_TENSORS) {
                    throw problem("the header", "more than " + MAX_TENSORS + " tensors", "fewer");
                }
            }
            expect(json.nextToken(), null, "what follows the header", "spaces");
        } catch (JsonProcessingException e) {
            throw problem("the header", "not JSON: " + JsonFile.oneLine(e), "one JSON object");
        } catch (CharacterCodingException e) {
            throw problem("the header", "not UTF-8", "JSON in UTF-8");
        } catch (IOException e) {
            throw problem("the header", "unreadable (" + e.getMessage() + ")", "one JSON object");
        }
    }

    private void readMetadata(JsonParser json) throws IOException {
        expect(json.currentToken(), JsonToken.START_OBJECT, METADATA, "an object of texts");
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String key = json.currentName();
            expect(json.nextToken(), JsonToken.VALUE_STRING, METADATA + "." + Quote.name(key), "a text");
            metadata.put(key, json.getText());
        }
    }

    private Extent readTensor(JsonParser json, String name) throws IOException {
        String tensor = "tensor " + Quote.name(name);
        expect(json.currentToken(), JsonToken.START_OBJECT, tensor, "an object with dtype, shape and data_offsets");
        StoredType type = null;
        List<Long> shape = null;
        List<Long> offsets = null;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String key = json.currentName();
            json.nextToken();
            switch (key) {
                case "dtype" -> type = readType(json, tensor);
                case "shape" -> shape = readSizes(json, tensor + ", shape");
                case "data_offsets" -> offsets = readSizes(json, tensor + ", data_offsets");
                default -> throw problem(tensor, "with the key " + Quote.name(key), "dtype, shape and data_offsets");
            }
        }
        if (type == null || shape == null || offsets == null) {
            throw problem(tensor, "incomplete", "dtype, shape and data_offsets");
        }
        return extent(tensor, spec(tensor, name, type, shape), offsets);
    }

    private StoredType readType(JsonParser json, String tensor) throws IOException {
        expect(json.currentToken(), JsonToken.VALUE_STRING, tensor + ", dtype", StoredType.names());
        String name = json.getText();
        return StoredType.named(name)
                .orElseThrow(() -> problem(tensor + ", dtype", Quote.name(name), StoredType.names()));
    }

    private List<Long> readSizes(JsonParser json, String where) throws IOException {
        String accepted = "an array of at most " + MAX_RANK + " whole numbers from 0";
        expect(json.currentToken(), JsonToken.START_ARRAY, where, accepted);
        List<Long> sizes = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            expect(json.currentToken(), JsonToken.VALUE_NUMBER_INT, where, accepted);
            boolean fits = json.getNumberType() != JsonParser.NumberType.BIG_INTEGER && json.getLongValue() >= 0;
            if (!fits || sizes.size() == MAX_RANK) {
                throw problem(where, "with the number " + Quote.name(json.getText()), accepted);
            }
            sizes.add(json.getLongValue());
        }
        return sizes;
    }

    private TensorSpec spec(String tensor, String name, StoredType type, List<Long> shape) {
        try {
            return new TensorSpec(name, type, shape);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(file + ": " + tensor + ": " + e.getMessage());
        }
    }

    private Extent extent(String tensor, TensorSpec spec, List<Long> offsets) {
        String where = tensor + ", data_offsets";
        if (offsets.size() != 2) {
            throw problem(where, "an array of " + offsets.size(), "begin and end");
        }
        long begin = offsets.get(0);
        long end = offsets.get(1);
        if (begin > end || end > dataBytes) {
            throw problem(where, offsets.toString(), "begin <= end <= " + dataBytes + ", the size of the data");
        }
        if (end - begin != spec.numBytes()) {
            throw problem(
                    where,
                    offsets + " for " + (end - begin) + " bytes",
                    spec.numBytes() + " bytes for shape " + spec.shape() + " of " + spec.type());
        }
        return new Extent(spec, begin, end);
    }

    private void expect(@Nullable JsonToken actual, @Nullable JsonToken expected, String where, String accepted) {
        if (actual != expected) {
            throw problem(where, actual == null ? "cut short" : actual.name(), accepted);
        }
    }

    private CheckpointException problem(String where, String actual, String accepted) {
        return new CheckpointException(file + ": " + where + " is " + actual + "; accepted: " + accepted);
    }
}
