package dev.filigree.conformance.certificate;

import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.profile.Profile;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What a certificate is about.
 *
 * @param backend name of the backend
 * @param device the device's name
 * @param driver the device's detail: driver, lanes, threads
 * @param profile the part of the kit that was asked for
 * @param tier how much of it
 * @param freshSeed seed of the round that differs from run to run
 * @param started when the run began
 */
public record Facts(
        String backend, String device, String driver, Profile profile, Tier tier, long freshSeed, Instant started) {

    /** By name, in the order of reading, with the machine and the rules. */
    public Map<String, Object> table() {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("backend", backend);
        facts.put("device", device);
        facts.put("driver", driver);
        facts.put("profile", profile.id());
        facts.put("tier", tier.name().toLowerCase(Locale.ROOT));
        facts.put("rules", RulesVersion.text());
        facts.put("freshSeed", freshSeed);
        facts.put("started", started.toString());
        facts.put("java", System.getProperty("java.vm.name") + " " + Runtime.version());
        facts.put(
                "system",
                System.getProperty("os.name") + " " + System.getProperty("os.version") + ", "
                        + System.getProperty("os.arch") + ", "
                        + Runtime.getRuntime().availableProcessors() + " processors");
        return facts;
    }
}
