package dev.filigree.conformance.certificate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.conformance.cases.CaseBody;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.certificate.Certificate.Verdict;
import dev.filigree.conformance.certificate.RuleResult.Outcome;
import dev.filigree.conformance.profile.Profile;
import dev.filigree.conformance.rule.Rule;
import dev.filigree.conformance.run.CaseResult;
import dev.filigree.conformance.run.CaseResult.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificateTest {
    private static final LocalDate TODAY = LocalDate.of(2026, 11, 25);
    private static final Facts FACTS = new Facts(
            "abacus", "beads <12>", "wire 1.0", Profile.FULL, Tier.CORE, 7, Instant.parse("2026-11-25T12:00:00Z"));

    private static CaseResult result(Rule rule, Status status, String message, double margin) {
        ConformanceCase one =
                ConformanceCase.of(rule, "Op", Params.of(), Tier.SMOKE, new CaseBody.Check(context -> {}));
        Optional<Rule> broken = status == Status.FAILED ? Optional.of(rule) : Optional.empty();
        return new CaseResult(one, 5, status, broken, message, margin, 1_000_000);
    }

    private static Certificate certificate(List<Waiver> waivers, CaseResult... results) {
        return new Certificate(FACTS, List.of(results), waivers, TODAY);
    }

    private static Outcome outcome(Certificate certificate, Rule rule) {
        return certificate.rules().stream()
                .filter(result -> result.rule() == rule)
                .findFirst()
                .orElseThrow()
                .outcome();
    }

    @Test
    void whatHeldConforms() {
        Certificate certificate = certificate(List.of(), result(Rule.R201, Status.PASSED, "", 0.25));
        assertEquals(Verdict.CONFORMS, certificate.verdict());
        assertEquals(Outcome.HELD, outcome(certificate, Rule.R201));
        assertEquals(Outcome.NOT_RUN, outcome(certificate, Rule.R202));
    }

    @Test
    void nothingRunFails() {
        assertEquals(Verdict.FAILS, certificate(List.of()).verdict());
        assertEquals(
                Verdict.FAILS,
                certificate(List.of(), result(Rule.R201, Status.UNSUPPORTED, "no kernel", 0))
                        .verdict());
    }

    @Test
    void gapsAreSaid() {
        Certificate certificate = certificate(
                List.of(),
                result(Rule.R201, Status.PASSED, "", 0),
                result(Rule.R301, Status.UNSUPPORTED, "no kernel", 0),
                result(Rule.R302, Status.UNSUPPORTED, "no kernel", 0));
        assertEquals(Verdict.CONFORMS_WITH_GAPS, certificate.verdict());
        assertEquals(2, certificate.unsupported().get("no kernel"));
        assertTrue(certificate.json().contains("\"reason\": \"no kernel\""), certificate::json);
    }

    @Test
    void aBrokenOptionalRuleIsToldAndDoesNotDecide() {
        Certificate certificate = certificate(
                List.of(), result(Rule.R201, Status.PASSED, "", 0), result(Rule.R1007, Status.FAILED, "64 bytes", 0));
        assertEquals(Verdict.CONFORMS, certificate.verdict());
        assertEquals(Outcome.OPTIONAL_BROKEN, outcome(certificate, Rule.R1007));
    }

    @Test
    void aWaiverBearsAFailureUntilItsLastDay() {
        CaseResult[] results = {
            result(Rule.R201, Status.PASSED, "", 0), result(Rule.R205, Status.FAILED, "scale forgotten", 0)
        };
        Waiver valid = new Waiver("R205", TODAY, "driver 1.1 fixes it");
        Waiver expired = new Waiver("R205", TODAY.minusDays(1), "driver 1.1 fixes it");
        assertEquals(
                Verdict.CONFORMS_WITH_GAPS, certificate(List.of(valid), results).verdict());
        assertEquals(Outcome.WAIVED, outcome(certificate(List.of(valid), results), Rule.R205));
        assertEquals(Verdict.FAILS, certificate(List.of(expired), results).verdict());
        assertTrue(certificate(List.of(expired), results).html().contains("2026-11-24 (expired)"));
    }

    @Test
    void failuresCarryTheLineThatRunsThemAgain() {
        Certificate certificate = certificate(List.of(), result(Rule.R205, Status.FAILED, "expected 1 < 2", 0));
        String line = "filigree verify --backend abacus --case 'required_R205_scaleMultipliesEveryScore/Op' --seed 5";
        assertTrue(certificate.json().contains(line), certificate::json);
        assertTrue(certificate.html().contains(line), certificate::html);
    }

    @Test
    void thePolicyStandsInTheLine() {
        ConformanceCase one = ConformanceCase.of(
                Rule.R1207,
                "Policy",
                Params.of("policy", "lserve:budget=64"),
                Tier.SMOKE,
                new CaseBody.Check(context -> {}));
        CaseResult failed = new CaseResult(one, 5, Status.FAILED, Optional.of(Rule.R1207), "80 tokens", 0, 1);
        assertEquals(
                "filigree verify --backend abacus --policy 'lserve:budget=64' --case"
                        + " 'required_R1207_budgetIsKept/Policy/policy=lserve:budget=64' --seed 5",
                Replay.line("abacus", failed));
    }

    @Test
    void thePageEscapesWhatABackendSays() {
        String page = certificate(List.of(), result(Rule.R205, Status.FAILED, "<script>x</script>", 0))
                .html();
        assertFalse(page.contains("<script>"), page);
        assertTrue(page.contains("beads &lt;12&gt;"), page);
    }

    @Test
    void marginsAreThoseOfTheClosestCase() {
        Certificate certificate = certificate(
                List.of(), result(Rule.R201, Status.PASSED, "", 0.25), result(Rule.R201, Status.PASSED, "", 0.75));
        RuleResult rule = certificate.rules().stream()
                .filter(one -> one.rule() == Rule.R201)
                .findFirst()
                .orElseThrow();
        assertEquals(0.75, rule.margin());
        assertTrue(certificate.html().contains("75 %"));
    }

    @Test
    void controlCharactersOfAMessageStayJson() {
        assertEquals("\"a\\\"b\\\\c\\n\\u0001\"", JsonText.quote("a\"b\\c\n\u0001"));
        assertEquals("\"NaN\"\n", JsonText.of(Double.NaN));
    }

    @Test
    void waiversAreReadAndRefusedByLine(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("waivers");
        Files.writeString(file, "# known\n\nR1007 2027-01-31 the driver allocates\n");
        assertEquals(
                List.of(new Waiver("R1007", LocalDate.of(2027, 1, 31), "the driver allocates")), Waiver.read(file));
        Files.writeString(file, "R1007 soon the driver allocates\n");
        var refused = assertThrows(IllegalArgumentException.class, () -> Waiver.read(file));
        assertEquals(file + ":1: the last day must be a date such as 2027-01-31, not 'soon'", refused.getMessage());
        Files.writeString(file, "R1007" + "7".repeat(5000) + "\n");
        refused = assertThrows(IllegalArgumentException.class, () -> Waiver.read(file));
        assertTrue(String.valueOf(refused.getMessage()).length() < 400, refused::getMessage);
        Files.write(file, new byte[] {(byte) 0xff, '\n'});
        refused = assertThrows(IllegalArgumentException.class, () -> Waiver.read(file));
        assertEquals(file + " is not UTF-8 text; a file of waivers is", refused.getMessage());
    }
}
