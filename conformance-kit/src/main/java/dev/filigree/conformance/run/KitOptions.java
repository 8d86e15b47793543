package dev.filigree.conformance.run;

import dev.filigree.api.backend.BackendOptions;
import dev.filigree.conformance.cases.Tier;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;

/**
 * What runs and with which seeds.
 *
 * @param tier {@code filigree.kit.tier}: smoke, core (the default) or full
 * @param only {@code filigree.kit.case}: run cases whose id equals or contains this; of the rates,
 *     lines that contain one of these, separated by commas, spaces aside
 * @param seed {@code filigree.kit.seed}: run with this seed alone
 * @param backend {@code filigree.kit.options}: options that the backend under judgement is opened with, as {@code
 *     key=value,key=value}
 * @param shrink {@code filigree.kit.shrink}: divides the sizes of the rates; 1 by default
 * @param freshSeed seed of the round that differs from run to run
 */
public record KitOptions(
        Tier tier, Optional<String> only, OptionalLong seed, BackendOptions backend, int shrink, long freshSeed) {

    /** Options without any for the backend. */
    public KitOptions(Tier tier, Optional<String> only, OptionalLong seed, long freshSeed) {
        this(tier, only, seed, BackendOptions.NONE, 1, freshSeed);
    }

    /** Options from system properties. */
    public static KitOptions fromProperties() {
        String seed = System.getProperty("filigree.kit.seed");
        return new KitOptions(
                tier(System.getProperty("filigree.kit.tier", "core")),
                Optional.ofNullable(System.getProperty("filigree.kit.case")),
                seed == null ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(seed)),
                backend(System.getProperty("filigree.kit.options", "")),
                Integer.getInteger("filigree.kit.shrink", 1),
                new Random().nextInt(Integer.MAX_VALUE));
    }

    /**
     * Options of a backend.
     *
     * @throws IllegalArgumentException if the text is no list of keys and values
     */
    static BackendOptions backend(String text) {
        Map<String, String> values = new HashMap<>();
        for (String pair : text.isBlank() ? new String[0] : text.split(",", -1)) {
            String[] both = pair.split("=", 2);
            if (both.length != 2) {
                throw new IllegalArgumentException("filigree.kit.options must be key=value,key=value, not " + text);
            }
            values.put(both[0].strip(), both[1].strip());
        }
        return new BackendOptions(values);
    }

    /**
     * A tier by name.
     *
     * @throws IllegalArgumentException naming the accepted ones
     */
    public static Tier tier(String name) {
        try {
            return Tier.valueOf(name.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("filigree.kit.tier must be smoke, core or full, not " + name, e);
        }
    }
}
