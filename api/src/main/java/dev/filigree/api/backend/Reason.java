package dev.filigree.api.backend;

import java.util.Optional;

/**
 * Why something cannot be served.
 *
 * @param kind what stands in the way
 * @param sentence one sentence with the actual and the accepted values
 * @param configKey the config key that would change it, if one would
 */
public record Reason(Kind kind, String sentence, Optional<String> configKey) {

    /** What stands in the way, in the order in which a user can do something about it. */
    public enum Kind {
        /** A dtype is not supported. */
        DTYPE,
        /** An extent is not supported. */
        SHAPE,
        /** Strides or alignment are not supported. */
        LAYOUT,
        /** The op or one of its options is not supported. */
        FEATURE,
        /** It does not fit into memory. */
        MEMORY,
        /** The device is missing or lacks a capability. */
        DEVICE,
        /** The build left it out. */
        NOT_BUILT,
        /** It was built for another version of this SPI. */
        VERSION
    }

    /** A reason no config key changes. */
    public static Reason of(Kind kind, String sentence) {
        return new Reason(kind, sentence, Optional.empty());
    }

    /** A reason that a config key changes. */
    public static Reason of(Kind kind, String sentence, String configKey) {
        return new Reason(kind, sentence, Optional.of(configKey));
    }

    @Override
    public String toString() {
        return kind + ": " + sentence
                + configKey.map(key -> " (config key " + key + ")").orElse("");
    }
}
