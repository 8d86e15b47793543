package dev.filigree.policies.registry;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A policy as a config names it, checked: every option of its provider with a value.
 *
 * @param path full name of the section, such as {@code attention} or {@code attention.retrieval}
 * @param kind its contract
 * @param policy its name
 * @param options values by key, in the provider's order, defaults included
 * @param given keys that the config itself gives
 */
public record PolicySection(
        String path, PolicyKind kind, String policy, Map<String, OptionValue> options, Set<String> given) {

    /** Copies the tables, keeping their order. */
    public PolicySection {
        options = Collections.unmodifiableMap(new LinkedHashMap<>(options));
        given = Collections.unmodifiableSet(new LinkedHashSet<>(given));
    }

    @Override
    public String toString() {
        return policy
                + (options.isEmpty()
                        ? ""
                        : options.entrySet().stream()
                                .map(entry -> entry.getKey() + "=" + entry.getValue())
                                .collect(Collectors.joining(", ", "(", ")")));
    }
}
