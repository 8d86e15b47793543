package dev.filigree.api.policy;

import java.util.List;
import java.util.Optional;

/**
 * One option a policy understands.
 *
 * @param key its name in the policy's section of a config
 * @param type what it holds
 * @param defaultText the default as written in a config; empty if the option is required
 * @param accepted accepted values as a phrase for people, such as {@code 1 to 4096}; for {@link Type#CHOICE} the
 *     list itself
 * @param minimum smallest accepted number, for numbers
 * @param maximum largest accepted number, for numbers
 * @param help one sentence
 */
public record OptionSpec(
        String key,
        Type type,
        Optional<String> defaultText,
        List<String> accepted,
        double minimum,
        double maximum,
        String help) {

    /** What an option holds. */
    public enum Type {
        /** A whole number. */
        INTEGER,
        /** A number. */
        NUMBER,
        /** true or false. */
        BOOLEAN,
        /** One of the accepted words. */
        CHOICE,
        /** Any text. */
        TEXT,
        /** A file, relative to the config file. */
        FILE,
        /** A number, or a list of numbers. */
        NUMBERS,
        /** Another policy of the same kind: a section with its own {@code policy} key. */
        POLICY,
        /**
         * A list of policies of the same kind: sections that have, beside their own {@code policy} key, the selector
         * key that the first accepted word names.
         */
        POLICIES
    }

    /** Copies the list. */
    public OptionSpec {
        accepted = List.copyOf(accepted);
    }

    /** A whole number with a default. */
    public static OptionSpec integer(String key, long defaultValue, long minimum, long maximum, String help) {
        return new OptionSpec(
                key,
                Type.INTEGER,
                Optional.of(Long.toString(defaultValue)),
                List.of(minimum + " to " + maximum),
                minimum,
                maximum,
                help);
    }

    /** A number with a default. */
    public static OptionSpec number(String key, double defaultValue, double minimum, double maximum, String help) {
        return new OptionSpec(
                key,
                Type.NUMBER,
                Optional.of(Double.toString(defaultValue)),
                List.of(minimum + " to " + maximum),
                minimum,
                maximum,
                help);
    }

    /** A switch with a default. */
    public static OptionSpec bool(String key, boolean defaultValue, String help) {
        return new OptionSpec(
                key, Type.BOOLEAN, Optional.of(Boolean.toString(defaultValue)), List.of("true", "false"), 0, 0, help);
    }

    /** A choice of words; the first is the default. */
    public static OptionSpec choice(String key, List<String> words, String help) {
        return new OptionSpec(key, Type.CHOICE, Optional.of(words.getFirst()), words, 0, 0, help);
    }

    /** A file, optional: absent when the default is empty. */
    public static OptionSpec file(String key, String help) {
        return new OptionSpec(key, Type.FILE, Optional.of(""), List.of("a path"), 0, 0, help);
    }

    /** Text with a default. */
    public static OptionSpec text(String key, String defaultValue, String help) {
        return new OptionSpec(key, Type.TEXT, Optional.of(defaultValue), List.of("text"), 0, 0, help);
    }

    /**
     * A nested policy of the same kind; {@code defaultPolicy} is used, with its own defaults, when the section is
     * absent.
     */
    public static OptionSpec policy(String key, String defaultPolicy, String help) {
        return new OptionSpec(
                key, Type.POLICY, Optional.of(defaultPolicy), List.of("a section with a policy key"), 0, 0, help);
    }

    /** Numbers, one or a list, with one number as the default. */
    public static OptionSpec numbers(String key, double defaultValue, double minimum, double maximum, String help) {
        return new OptionSpec(
                key,
                Type.NUMBERS,
                Optional.of(Double.toString(defaultValue)),
                List.of(minimum + " to " + maximum),
                minimum,
                maximum,
                help);
    }

    /**
     * A list of policies of the same kind, empty when absent. Each section of the list says by its selector key, whose
     * text is left to the provider, what the policy is for.
     */
    public static OptionSpec policies(String key, String selectorKey, String help) {
        return new OptionSpec(key, Type.POLICIES, Optional.of(""), List.of(selectorKey), 0, 0, help);
    }

    /** The same option without a default: the config must give it. */
    public OptionSpec required() {
        return new OptionSpec(key, type, Optional.empty(), accepted, minimum, maximum, help);
    }
}
