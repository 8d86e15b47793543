package dev.filigree.host.json;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A value of a JSON document that knows its place in it. Every method that expects a type throws the reader's exception
 * with one sentence (file, place, actual value, accepted values) when the document holds something else.
 */
public final class JsonValue {
    private static final int MAX_PATH = 400;

    private final JsonSource source;
    private final String path;
    private final JsonNode node;

    JsonValue(JsonSource source, String path, JsonNode node) {
        this.source = source;
        this.path = path;
        this.node = node;
    }

    /** The value at {@code key}, which must be there and not null. */
    public JsonValue get(String key) {
        return find(key)
                .orElseThrow(() -> source.error()
                        .apply(source.file() + ": " + place(key) + " is missing; accepted: an object with this key"));
    }

    /** The value at {@code key}, empty when absent or null. */
    public Optional<JsonValue> find(String key) {
        if (!node.isObject()) {
            throw notA("an object");
        }
        JsonNode child = node.get(key);
        return child == null || child.isNull() ? Optional.empty() : Optional.of(child(place(key), child));
    }

    /** Whether {@code key} is there, null or not. */
    public boolean has(String key) {
        return node.has(key);
    }

    public boolean isObject() {
        return node.isObject();
    }

    public boolean isArray() {
        return node.isArray();
    }

    public boolean isText() {
        return node.isTextual();
    }

    /** The members in file order, null values left out. */
    public Map<String, JsonValue> members() {
        if (!node.isObject()) {
            throw notA("an object");
        }
        Map<String, JsonValue> members = LinkedHashMap.newLinkedHashMap(node.size());
        for (Map.Entry<String, JsonNode> entry : node.properties()) {
            if (!entry.getValue().isNull()) {
                members.put(entry.getKey(), child(place(entry.getKey()), entry.getValue()));
            }
        }
        return members;
    }

    public List<JsonValue> elements() {
        if (!node.isArray()) {
            throw notA("an array");
        }
        List<JsonValue> elements = new ArrayList<>(node.size());
        Iterator<JsonNode> nodes = node.elements();
        for (int i = 0; nodes.hasNext(); i++) {
            elements.add(child(path + "[" + i + "]", nodes.next()));
        }
        return elements;
    }

    public String string() {
        if (!node.isTextual()) {
            throw notA("a string");
        }
        return node.textValue();
    }

    public boolean bool() {
        if (!node.isBoolean()) {
            throw notA("true or false");
        }
        return node.booleanValue();
    }

    /** A whole number in {@code [min, max]}. */
    public int integer(int min, int max) {
        if (!node.isIntegralNumber() || !node.canConvertToLong() || node.longValue() < min || node.longValue() > max) {
            throw notA("a whole number from " + min + " to " + max);
        }
        return node.intValue();
    }

    /** A finite number in {@code [min, max]}. */
    public double number(double min, double max) {
        double value = node.isNumber() ? node.doubleValue() : Double.NaN;
        if (!(value >= min && value <= max)) {
            throw notA("a number from " + min + " to " + max);
        }
        return value;
    }

    /** The exception for a value that is of the right type and still not usable: place, value, what is accepted. */
    public RuntimeException notA(String accepted) {
        String where = path.isEmpty() ? "the document" : path;
        return source.error().apply(source.file() + ": " + where + " is " + quoted() + "; accepted: " + accepted);
    }

    /** The exception with a sentence of the caller's after the file's name. */
    public RuntimeException problem(String sentence) {
        return source.error().apply(source.file() + ": " + sentence);
    }

    /** The place in the document, such as {@code model.merges[3]}. */
    public String path() {
        return path;
    }

    private JsonValue child(String childPath, JsonNode child) {
        return new JsonValue(source, childPath, child);
    }

    private String place(String key) {
        // A document of long keys nested deeply would make a path of thousands of characters.
        String above = path.length() <= MAX_PATH ? path : "..." + path.substring(path.length() - MAX_PATH);
        return above.isEmpty() ? Quote.name(key) : above + "." + Quote.name(key);
    }

    private String quoted() {
        if (node.isObject()) {
            return "an object";
        }
        if (node.isArray()) {
            return "an array of " + node.size();
        }
        return Quote.name(node.toString());
    }
}
