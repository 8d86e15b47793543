package dev.filigree.conformance.fork;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.mutant.CrashingWorker;
import dev.filigree.conformance.profile.Profile;
import dev.filigree.conformance.run.CaseResult;
import dev.filigree.conformance.run.CaseResult.Status;
import dev.filigree.conformance.run.KitOptions;
import dev.filigree.conformance.run.Oracle;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ten cases of one op, of which three lead a backend astray. */
class SupervisorTest {
    private static final String ONLY = "KvCopy";
    private static final int EXECUTIONS = 10;
    private static final String ASTRAY = "pageBytes=80";

    @TempDir
    private Path folder;

    private static RunRequest request(String only) {
        KitOptions options = new KitOptions(Tier.SMOKE, Optional.of(only), OptionalLong.empty(), 42);
        return new RunRequest(
                Oracle.NAME, List.of(), Profile.FULL, options, Instant.parse("2026-11-25T12:00:00Z"), Optional.empty());
    }

    private Supervisor supervisor(String how, Duration patience) {
        Path file = folder.resolve("journal");
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                CrashingWorker.class.getName(),
                how,
                file.toString());
        return new Supervisor(new Journal(file), command, patience, new PrintWriter(Writer.nullWriter()));
    }

    private static void onlyTheseFail(Supervisor.Outcome outcome, String words) {
        assertEquals(EXECUTIONS, outcome.results().size());
        for (CaseResult result : outcome.results()) {
            boolean astray = result.executed().id().contains(ASTRAY);
            assertEquals(astray ? Status.FAILED : Status.PASSED, result.status(), result::message);
            assertTrue(!astray || result.message().contains(words), result::message);
        }
    }

    @Test
    void aCrashFailsItsCaseAndTheOthersStillRun() throws Exception {
        Supervisor.Outcome outcome = supervisor("crash", Duration.ofMinutes(1)).run(request(ONLY));
        onlyTheseFail(outcome, "signal 11; its last words: the driver is lost");
        assertEquals(3, outcome.restarts());
        assertEquals("scalar CPU", outcome.facts().device());
    }

    @Test
    void aHangFailsItsCase() throws Exception {
        Supervisor.Outcome outcome = supervisor("hang", Duration.ofSeconds(4))
                .run(request("R712_copiesCopyWholePages/KvCopy/pageBytes=80,copies=6"));
        assertEquals(Status.FAILED, outcome.results().getFirst().status());
        assertTrue(outcome.results().getFirst().message().startsWith("stopped because it did not finish within 4 s"));
    }

    @Test
    void anExhaustedHeapFailsItsCaseAndTheNextGetsAFreshProcess() throws Exception {
        Supervisor.Outcome outcome = supervisor("starve", Duration.ofMinutes(1)).run(request(ONLY));
        onlyTheseFail(outcome, "OutOfMemoryError");
        assertEquals(3, outcome.restarts());
    }

    @Test
    void anInterruptedRunGoesOnWhereItWas() throws Exception {
        Path file = folder.resolve("journal");
        supervisor("crash", Duration.ofMinutes(1)).run(request(ONLY));
        List<String> lines = Files.readAllLines(file);
        int cut = lines.indexOf("begin\t7");
        String half = String.join("\n", lines.subList(0, cut)) + "\nbegin\t7\nend\t7\tcut o";
        Files.writeString(file, half);

        Supervisor.Outcome outcome = supervisor("starve", Duration.ofMinutes(1)).run(request("something else"));
        onlyTheseFail(outcome, "");
        assertEquals(42, outcome.facts().freshSeed());
        assertTrue(Files.readString(file).startsWith(half.substring(0, half.lastIndexOf("end"))));
    }

    @Test
    void aJournalOfAnotherRunIsRefused() throws Exception {
        Path file = folder.resolve("journal");
        Files.writeString(file, "nothing of ours\n");
        var refused = assertThrows(
                IllegalArgumentException.class,
                () -> supervisor("crash", Duration.ofMinutes(1)).run(request(ONLY)));
        assertTrue(
                String.valueOf(refused.getMessage()).startsWith(file + " is no journal of a run"), refused::getMessage);
    }

    /** Whatever stands in a field, the complaint stays a line to read. */
    @Test
    void aJournalOfLongFieldsIsRefusedInALine() throws Exception {
        Path file = folder.resolve("journal");
        for (int field = 1; field <= 9; field++) {
            List<String> fields = new ArrayList<>(List.of(
                    "run", "cpu-reference", "full", "SMOKE", "42", "2026-01-02T03:04:05Z", "R9", "7", "dense", ""));
            fields.set(field, "\u001b" + "x".repeat(9_000));
            Files.writeString(file, String.join("\t", fields) + "\n");
            String said = "";
            try {
                var request = RunRequest.read(new Journal(file)).orElseThrow();
                new Journal(file).results(request.executions());
            } catch (IllegalArgumentException e) {
                said = String.valueOf(e.getMessage());
            }
            assertTrue(said.length() < 700 && !said.contains("\u001b"), said);
        }
    }

    @Test
    void aJournalThatWasTamperedWithIsRefusedInASentence() throws Exception {
        Journal journal = new Journal(folder.resolve("journal"));
        RunRequest request = request(ONLY);
        for (String line : List.of(
                "end",
                "end\t-1",
                "end\tmany\tx",
                "end\t999999",
                "end\t0\tanother case\t7\tPASSED\t\t0\t0\t",
                "end\t0\t%s\t%d\tWHATEVER\t\t0\t0\t")) {
            Files.deleteIfExists(journal.file());
            RunRequest.begin(journal, request);
            var first = request.executions().getFirst();
            Files.writeString(
                    journal.file(),
                    line.formatted(first.executed().id(), first.seed()) + "\n",
                    StandardOpenOption.APPEND);
            var refused =
                    assertThrows(IllegalArgumentException.class, () -> journal.results(request.executions()), line);
            assertTrue(
                    String.valueOf(refused.getMessage()).startsWith("the journal is of another run: "),
                    refused::getMessage);
        }
    }
}
