package dev.filigree.conformance.cases;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What distinguishes a case from others of its rule and op, in order.
 *
 * @param values by name
 */
public record Params(Map<String, String> values) {

    /** Copies the table, keeping its order. */
    public Params {
        values = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /** Names and values in turn. */
    public static Params of(Object... namesAndValues) {
        Map<String, String> values = new LinkedHashMap<>();
        for (int i = 0; i + 1 < namesAndValues.length; i += 2) {
            Object value = namesAndValues[i + 1];
            String text = value instanceof int[] ints ? Arrays.toString(ints) : value.toString();
            values.put(namesAndValues[i].toString(), text.replace(" ", ""));
        }
        return new Params(values);
    }

    /** These and more. */
    public Params with(Object... namesAndValues) {
        Map<String, String> all = new LinkedHashMap<>(values);
        all.putAll(of(namesAndValues).values());
        return new Params(all);
    }

    /** These and others. */
    public Params with(Params others) {
        Map<String, String> all = new LinkedHashMap<>(values);
        all.putAll(others.values());
        return new Params(all);
    }

    @Override
    public String toString() {
        return values.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + entry.getValue())
                .collect(Collectors.joining(","));
    }
}
