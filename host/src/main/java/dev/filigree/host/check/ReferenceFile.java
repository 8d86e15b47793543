package dev.filigree.host.check;

import dev.filigree.host.json.JsonFile;
import dev.filigree.host.json.JsonValue;
import dev.filigree.host.json.Quote;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Reads reference files in two forms: one prompt with logits at several positions ({@code ids}, {@code argmax}, {@code
 * logits}, {@code hidden_norms}, {@code greedy_after_first_N}), or a list of {@code prompts} with the last position's logits
 * ({@code last_logits}, {@code argmax}, {@code state_norms}, {@code greedy_ids}, {@code greedy_text}).
 */
public final class ReferenceFile {
    private static final long MAX_BYTES = 256L << 20;
    private static final double MAX_VALUE = 1e9;
    private static final String GREEDY = "greedy_after_first_";

    private ReferenceFile() {}

    /**
     * Reads the cases of a file.
     *
     * @throws ReferenceException if it is missing, malformed or of neither form
     */
    public static List<ReferenceCase> read(Path file) {
        JsonValue json = JsonFile.read(file, MAX_BYTES, ReferenceException::new);
        Optional<JsonValue> prompts = json.find("prompts");
        if (prompts.isEmpty()) {
            return List.of(positions(json));
        }
        List<ReferenceCase> cases = new ArrayList<>();
        for (JsonValue prompt : prompts.get().elements()) {
            cases.add(lastPosition(prompt, "prompt " + (cases.size() + 1)));
        }
        return cases;
    }

    /** Norms here are of the embedding, of every layer but the last, and of the final norm. */
    private static ReferenceCase positions(JsonValue json) {
        Map<Integer, List<Double>> logits = new TreeMap<>();
        json.get("logits").members().forEach((position, row) -> logits.put(number(position, row), numbers(row)));
        Map<Integer, Integer> argmax = new TreeMap<>();
        List<Integer> best = integers(json.get("argmax"));
        for (int i = 0; i < best.size(); i++) {
            argmax.put(i, best.get(i));
        }
        List<JsonValue> rows = json.get("hidden_norms").elements();
        List<ReferenceCase.StateNorms> norms = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            int state = i == rows.size() - 1 ? i + 1 : i;
            norms.add(norms(state, rows.get(i), best.size()));
        }
        String greedy = json.members().keySet().stream()
                .filter(key -> key.startsWith(GREEDY))
                .findFirst()
                .orElseThrow(
                        () -> json.problem("no key " + GREEDY + "N; accepted: the continuation of the first N ids"));
        return new ReferenceCase(
                json.get("family").string(),
                integers(json.get("ids")),
                logits,
                argmax,
                norms,
                number(greedy.substring(GREEDY.length()), json.get(greedy)),
                integers(json.get(greedy)),
                Optional.empty());
    }

    private static ReferenceCase lastPosition(JsonValue json, String name) {
        List<Integer> ids = integers(json.get("ids"));
        int last = ids.size() - 1;
        List<ReferenceCase.StateNorms> norms = new ArrayList<>();
        for (JsonValue row : json.get("state_norms").elements()) {
            norms.add(norms(norms.size(), row, ids.size()));
        }
        return new ReferenceCase(
                name,
                ids,
                Map.of(last, numbers(json.get("last_logits"))),
                Map.of(last, json.get("argmax").integer(0, Integer.MAX_VALUE)),
                norms,
                ids.size(),
                integers(json.get("greedy_ids")),
                json.find("greedy_text").map(JsonValue::string));
    }

    private static int number(String digits, JsonValue value) {
        try {
            return Integer.parseInt(digits);
        } catch (NumberFormatException e) {
            throw value.problem(
                    "key " + value.path() + " must name a whole number, not \"" + Quote.name(digits) + "\"");
        }
    }

    private static ReferenceCase.StateNorms norms(int state, JsonValue row, int numTokens) {
        List<Double> values = numbers(row);
        if (values.isEmpty() || numTokens % values.size() != 0) {
            throw row.notA("norms at evenly spaced positions of the " + numTokens + " ids");
        }
        return new ReferenceCase.StateNorms(state, numTokens / values.size(), values);
    }

    private static List<Integer> integers(JsonValue array) {
        return array.elements().stream()
                .map(value -> value.integer(0, Integer.MAX_VALUE))
                .toList();
    }

    private static List<Double> numbers(JsonValue array) {
        return array.elements().stream()
                .map(value -> value.number(-MAX_VALUE, MAX_VALUE))
                .toList();
    }
}
