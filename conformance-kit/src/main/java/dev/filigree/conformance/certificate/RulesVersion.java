package dev.filigree.conformance.certificate;

import dev.filigree.conformance.cases.Catalog;
import dev.filigree.conformance.rule.Rule;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/**
 * By what a backend was judged. Certificates with equal texts are comparable case by case: the text counts the rules and
 * the cases, and its checksum covers the names of both.
 */
public final class RulesVersion {
    private RulesVersion() {}

    /** Such as {@code 130 rules, 1200 cases, checksum 0a1b2c3d}. */
    public static String text() {
        CRC32 checksum = new CRC32();
        for (Rule rule : Rule.values()) {
            add(checksum, rule.testName());
        }
        var cases = Catalog.all();
        cases.forEach(one -> add(checksum, one.id()));
        return String.format(
                "%d rules, %d cases, checksum %08x", Rule.values().length, cases.size(), checksum.getValue());
    }

    private static void add(CRC32 checksum, String name) {
        checksum.update((name + "\n").getBytes(StandardCharsets.UTF_8));
    }
}
