package dev.filigree.conformance.certificate;

import dev.filigree.conformance.rule.Level;
import dev.filigree.conformance.rule.Rule;
import dev.filigree.conformance.run.CaseResult;
import dev.filigree.conformance.run.CaseResult.Status;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a run against one backend proves.
 *
 * @param facts what it is about
 * @param results every execution, in order
 * @param waivers what is borne, valid or expired
 * @param today the day by which waivers count
 */
public record Certificate(Facts facts, List<CaseResult> results, List<Waiver> waivers, LocalDate today) {

    /** The word at the top of a certificate. */
    public enum Verdict {
        /** Every binding rule that has cases here held, and the backend ran all cases. */
        CONFORMS("conforms"),
        /** Every binding rule held where the backend runs its cases; some it does not run, or a waiver bears. */
        CONFORMS_WITH_GAPS("conforms, with gaps"),
        /** A binding rule was broken, or nothing ran at all. */
        FAILS("does not conform");

        private final String words;

        Verdict(String words) {
            this.words = words;
        }

        /** The verdict for people. */
        public String words() {
            return words;
        }
    }

    /** Copies the lists. */
    public Certificate {
        results = List.copyOf(results);
        waivers = List.copyOf(waivers);
    }

    /** How many executions ended in a way. */
    public long count(Status status) {
        return results.stream().filter(result -> result.status() == status).count();
    }

    /** Failed executions, borne or not. */
    public List<CaseResult> failures() {
        return results.stream()
                .filter(result -> result.status() == Status.FAILED)
                .toList();
    }

    /** Whether a valid waiver bears a failure. */
    public boolean isWaived(CaseResult result) {
        return result.status() == Status.FAILED
                && waivers.stream().anyMatch(waiver -> waiver.isValid(today) && waiver.covers(result));
    }

    /** What is said about each rule, in the order of the rules. */
    public List<RuleResult> rules() {
        List<CaseResult> borne = results.stream().filter(this::isWaived).toList();
        return Arrays.stream(Rule.values())
                .map(rule -> RuleResult.of(rule, results, borne))
                .toList();
    }

    /** How often each reason was given for not running a case. */
    public Map<String, Long> unsupported() {
        return results.stream()
                .filter(result -> result.status() == Status.UNSUPPORTED)
                .collect(Collectors.groupingBy(CaseResult::message, TreeMap::new, Collectors.counting()));
    }

    /** The verdict. */
    public Verdict verdict() {
        List<CaseResult> binding = failures().stream()
                .filter(result ->
                        result.brokenRule().orElse(result.executed().rule()).level() == Level.REQUIRED)
                .toList();
        boolean nothingRan = count(Status.PASSED) + count(Status.FAILED) == 0;
        if (nothingRan || !binding.stream().allMatch(this::isWaived)) {
            return Verdict.FAILS;
        }
        return binding.isEmpty() && count(Status.UNSUPPORTED) == 0 ? Verdict.CONFORMS : Verdict.CONFORMS_WITH_GAPS;
    }

    /** The machine-readable form. */
    public String json() {
        return CertificateJson.of(this);
    }

    /** A page that needs no other file. */
    public String html() {
        return new CertificatePage(this).html();
    }

    /** One line for the end of a run. */
    public String summary() {
        return String.format(
                Locale.ROOT,
                "%s %s, profile %s, tier %s: %d passed, %d failed (%d waived), %d unsupported; fresh seed %d",
                facts.backend(),
                verdict().words(),
                facts.profile().id(),
                facts.tier().name().toLowerCase(Locale.ROOT),
                count(Status.PASSED),
                count(Status.FAILED),
                results.stream().filter(this::isWaived).count(),
                count(Status.UNSUPPORTED),
                facts.freshSeed());
    }
}
