package dev.filigree.api.backend;

import java.util.Map;

/**
 * Options of a backend from the config's {@code backend} section, as text. A backend refuses keys it does not know.
 *
 * @param values by key, such as {@code threads: 4}
 */
public record BackendOptions(Map<String, String> values) {

    /** No options. */
    public static final BackendOptions NONE = new BackendOptions(Map.of());

    /** Copies the map. */
    public BackendOptions {
        values = Map.copyOf(values);
    }

    /**
     * A whole number.
     *
     * @throws IllegalArgumentException with actual and accepted values if the text is something else
     */
    public int integer(String key, int defaultValue, int minimum, int maximum) {
        String text = values.get(key);
        if (text == null) {
            return defaultValue;
        }
        try {
            int value = Integer.parseInt(text.strip());
            if (value >= minimum && value <= maximum) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Reported below with the text and the accepted range, as for a number out of range.
        }
        throw new IllegalArgumentException("backend." + key + " must be a whole number from " + minimum + " to "
                + maximum + ", not \"" + text + "\"");
    }

    /**
     * Refuses keys outside the accepted ones.
     *
     * @throws IllegalArgumentException naming the unknown and the accepted keys
     */
    public void requireOnly(java.util.Collection<String> accepted) {
        for (String key : new java.util.TreeSet<>(values.keySet())) {
            if (!accepted.contains(key)) {
                throw new IllegalArgumentException("backend." + key + " is not an option of this backend; accepted are "
                        + new java.util.TreeSet<>(accepted));
            }
        }
    }
}
