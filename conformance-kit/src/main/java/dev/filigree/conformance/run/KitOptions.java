package dev.filigree.conformance.run;

import dev.filigree.conformance.cases.Tier;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;

/**
 * What runs and with which seeds.
 *
 * @param tier {@code filigree.kit.tier}: smoke, core (the default) or full
 * @param only {@code filigree.kit.case}: run cases whose id equals or contains this
 * @param seed {@code filigree.kit.seed}: run with this seed alone
 * @param freshSeed seed of the round that differs from run to run
 */
public record KitOptions(Tier tier, Optional<String> only, OptionalLong seed, long freshSeed) {

    /** Options from system properties. */
    public static KitOptions fromProperties() {
        String seed = System.getProperty("filigree.kit.seed");
        return new KitOptions(
                tier(System.getProperty("filigree.kit.tier", "core")),
                Optional.ofNullable(System.getProperty("filigree.kit.case")),
                seed == null ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(seed)),
                new Random().nextInt(Integer.MAX_VALUE));
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
