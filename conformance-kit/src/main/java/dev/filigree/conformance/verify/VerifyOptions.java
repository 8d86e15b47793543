package dev.filigree.conformance.verify;

import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.policy.PolicySetting;
import dev.filigree.conformance.profile.Profile;
import dev.filigree.conformance.run.KitOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;

/**
 * What {@code verify} was asked for.
 *
 * @param backends names; empty for every one that is installed and can be opened
 * @param policies attention policies to certify, as {@link PolicySetting} reads them; without a profile nothing else is run
 * @param profile the part of the kit
 * @param kit tier and seeds
 * @param patience how long one case may take
 * @param json where the certificate goes for programs
 * @param html where it goes for people
 * @param journal where the run is recorded; one that is there is gone on with
 * @param waivers file of waivers
 * @param bundles folder for a bundle of each failure
 * @param replay bundle to run here instead of a profile
 * @param against backend to hold the others against instead of running a profile
 */
public record VerifyOptions(
        List<String> backends,
        List<String> policies,
        Profile profile,
        KitOptions kit,
        Duration patience,
        Optional<Path> json,
        Optional<Path> html,
        Optional<Path> journal,
        Optional<Path> waivers,
        Optional<Path> bundles,
        Optional<Path> replay,
        Optional<String> against) {

    /** How it is called. */
    public static final String USAGE =
            "verify [--backend NAME]... [--policy NAME]... [--profile P] [--tier T] [--json FILE]"
                    + " [--html FILE] [--journal FILE] [--waivers FILE] [--timeout SECONDS] [--case ID] [--seed N] [--bundle FOLDER]"
                    + " [--replay BUNDLE] [--against BACKEND]";

    private static final List<String> KEYS = List.of(
            "backend",
            "policy",
            "profile",
            "tier",
            "json",
            "html",
            "journal",
            "waivers",
            "timeout",
            "case",
            "seed",
            "fresh-seed",
            "bundle",
            "replay",
            "against");

    /**
     * Reads arguments.
     *
     * @throws IllegalArgumentException in one sentence, with what is accepted
     */
    public static VerifyOptions parse(List<String> arguments) {
        Map<String, List<String>> given = given(arguments);
        Tier tier = KitOptions.tier(last(given, "tier").orElse("core"));
        OptionalLong seed = number(given, "seed");
        KitOptions kit = new KitOptions(
                tier,
                last(given, "case"),
                seed,
                number(given, "fresh-seed").orElse(new Random().nextInt(Integer.MAX_VALUE)));
        return new VerifyOptions(
                given.getOrDefault("backend", List.of()),
                given.getOrDefault("policy", List.of()),
                Profile.of(last(given, "profile")
                        .orElse(given.containsKey("policy") ? Profile.POLICIES.id() : Profile.FULL.id())),
                kit,
                Duration.ofSeconds(number(given, "timeout").orElse(tier == Tier.FULL ? 900 : 120)),
                last(given, "json").map(Path::of),
                last(given, "html").map(Path::of),
                last(given, "journal").map(Path::of),
                last(given, "waivers").map(Path::of),
                last(given, "bundle").map(Path::of),
                last(given, "replay").map(Path::of),
                last(given, "against"));
    }

    private static Map<String, List<String>> given(List<String> arguments) {
        Map<String, List<String>> given = new HashMap<>();
        for (int i = 0; i < arguments.size(); i += 2) {
            String key = arguments.get(i);
            if (!key.startsWith("--") || !KEYS.contains(key.substring(2))) {
                throw new IllegalArgumentException(
                        "options must be among --" + String.join(", --", KEYS) + ", not " + key);
            }
            if (i + 1 == arguments.size()) {
                throw new IllegalArgumentException(key + " needs a value");
            }
            given.computeIfAbsent(key.substring(2), k -> new ArrayList<>()).add(arguments.get(i + 1));
        }
        return given;
    }

    private static Optional<String> last(Map<String, List<String>> given, String key) {
        return Optional.ofNullable(given.get(key)).map(List::getLast);
    }

    private static OptionalLong number(Map<String, List<String>> given, String key) {
        Optional<String> text = last(given, key);
        if (text.isEmpty()) {
            return OptionalLong.empty();
        }
        try {
            return OptionalLong.of(Long.parseLong(text.get()));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("--" + key + " must be a whole number, not " + text.get(), e);
        }
    }
}
