package dev.filigree.api.policy;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A policy's options, checked against its {@link OptionSpec}s, defaults filled in. Asking for a key that no spec
 * names, or as another type, throws {@link IllegalArgumentException}: a defect of the provider.
 */
public interface PolicyOptions {

    /** An {@link OptionSpec.Type#INTEGER}. */
    long integer(String key);

    /** An {@link OptionSpec.Type#NUMBER} or INTEGER. */
    double number(String key);

    /** An {@link OptionSpec.Type#BOOLEAN}. */
    boolean bool(String key);

    /** An {@link OptionSpec.Type#CHOICE} or TEXT. */
    String text(String key);

    /** An {@link OptionSpec.Type#FILE}, resolved against the config's folder; empty if not given. */
    Optional<Path> file(String key);

    /**
     * An {@link OptionSpec.Type#POLICY}, made.
     *
     * @param kind the contract, such as {@code AttentionPolicy.class}
     */
    <T> T policy(String key, Class<T> kind);

    /** An {@link OptionSpec.Type#NUMBERS}, one or more. */
    List<Double> numbers(String key);

    /**
     * An {@link OptionSpec.Type#POLICIES}, made.
     *
     * @param kind the contract, such as {@code AttentionPolicy.class}
     */
    <T> List<SelectedPolicy<T>> policies(String key, Class<T> kind);

    /**
     * One policy of a list.
     *
     * @param selector text of the selector key
     * @param policy what the section made
     * @param path full name of the section for messages, such as {@code attention.ranges[0]}
     * @param <T> the contract
     */
    record SelectedPolicy<T>(String selector, T policy, String path) {}

    /** Whether the config gave the key itself. */
    boolean isGiven(String key);

    /** The full name of a key for messages, such as {@code attention.sink}. */
    String path(String key);
}
