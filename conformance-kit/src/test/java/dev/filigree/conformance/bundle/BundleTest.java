package dev.filigree.conformance.bundle;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.conformance.cases.Catalog;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.fork.Journal;
import dev.filigree.conformance.fork.RunRequest;
import dev.filigree.conformance.fork.Worker;
import dev.filigree.conformance.mutant.SelectionDefect;
import dev.filigree.conformance.profile.Profile;
import dev.filigree.conformance.run.CaseResult.Status;
import dev.filigree.conformance.run.KitOptions;
import dev.filigree.conformance.run.Oracle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundleTest {
    @TempDir
    private Path folder;

    /** The bundles of a backend that chooses half of the pages. */
    private List<Path> bundlesOfADefect() throws IOException {
        Journal journal = new Journal(folder.resolve("journal"));
        KitOptions options =
                new KitOptions(Tier.SMOKE, Optional.of("R613_pageSelectIsExact"), OptionalLong.empty(), 42);
        RunRequest request = new RunRequest(
                Oracle.NAME, List.of(), Profile.FULL, options, Instant.EPOCH, Optional.of(folder.resolve("bundles")));
        RunRequest.begin(journal, request);
        assertEquals(Worker.DONE, Worker.run(journal, SelectionDefect.halfTheBudget(), Oracle.find()));
        try (var files = Files.list(folder.resolve("bundles"))) {
            return files.sorted().toList();
        }
    }

    @Test
    void aFailureMovesToAnotherMachine() throws IOException {
        List<Path> bundles = bundlesOfADefect();
        assertFalse(bundles.isEmpty());
        Bundle bundle = Bundle.read(bundles.getFirst());

        BundleReplay.Outcome same = new BundleReplay(bundle).run(SelectionDefect.halfTheBudget(), Oracle.find());
        assertEquals(Status.FAILED, same.here().status());
        assertTrue(same.sameProblems() && same.sameResults(), same::toString);

        BundleReplay.Outcome honest = new BundleReplay(bundle).run(Oracle.find(), Oracle.find());
        assertEquals(Status.PASSED, honest.here().status());
        assertTrue(honest.sameProblems(), honest::toString);
        assertFalse(honest.sameResults());
        assertTrue(honest.lines().stream().anyMatch(line -> line.contains("output")), honest::toString);
    }

    @Test
    void anotherProblemIsTold() throws IOException {
        Bundle bundle = Bundle.read(bundlesOfADefect().getFirst());
        RecordedRun run = bundle.runs().getFirst();
        Map<String, byte[]> inputs = new java.util.TreeMap<>(run.inputs());
        inputs.replaceAll((name, bytes) -> new byte[bytes.length]);
        Bundle changed = new Bundle(
                bundle.facts(), List.of(new RecordedRun(run.plan(), inputs, run.outputs())), bundle.reference());
        assertFalse(new BundleReplay(changed).run(Oracle.find(), Oracle.find()).sameProblems());
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        RecordedRun run = new RecordedRun("a plan", Map.of("x", new byte[] {1, 2}), Map.of("y", new byte[] {3}));
        Bundle bundle = new Bundle(Map.of("case", "c", "message", "two\nlines"), List.of(run, run), List.of());
        Path file = folder.resolve("b.zip");
        bundle.write(file);
        Bundle read = Bundle.read(file);
        assertEquals("two lines", read.fact("message"));
        assertEquals(2, read.runs().size());
        assertArrayEquals(new byte[] {1, 2}, read.runs().get(1).inputs().get("x"));
        assertEquals(List.of(), read.reference());
    }

    @Test
    void otherFilesAreRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("b.zip"), "no zip");
        var refused = assertThrows(IllegalArgumentException.class, () -> Bundle.read(file));
        assertTrue(refused.getMessage().startsWith(file + " is no bundle"), refused::getMessage);
        Bundle foreign = new Bundle(
                Map.of("case", "none", "seed", "1", "rules", "1 rule", "backend", "x"), List.of(), List.of());
        assertThrows(IllegalArgumentException.class, () -> new BundleReplay(foreign).run(Oracle.find(), Oracle.find()));
        Bundle seedless = new Bundle(Map.of("seed", "many"), List.of(), List.of());
        assertEquals(
                "the seed of a bundle must be a whole number, not 'many'",
                assertThrows(IllegalArgumentException.class, seedless::seed).getMessage());
    }

    @Test
    void aBundleThatUnpacksTooFarIsRefused() throws IOException {
        Path file = folder.resolve("b.zip");
        try (var zip = new java.util.zip.ZipOutputStream(Files.newOutputStream(file))) {
            zip.putNextEntry(new java.util.zip.ZipEntry("case.txt"));
            for (int i = 0; i < 257; i++) {
                zip.write(new byte[1 << 20]);
            }
        }
        assertTrue(Files.size(file) < 1 << 20);
        var refused = assertThrows(IllegalArgumentException.class, () -> Bundle.read(file));
        assertTrue(String.valueOf(refused.getMessage()).contains("unpacks to more than"), refused::getMessage);
    }

    @Test
    void backendsAgreeWithThemselvesAndNotWithADefect() {
        List<ConformanceCase> cases = Catalog.all().stream()
                .filter(one -> one.op().equals("PageSelect") || one.op().equals("Add"))
                .filter(one -> one.tier() == Tier.SMOKE)
                .toList();
        try (Agreement agreement = new Agreement(Oracle.find(), Oracle.find())) {
            Agreement.Figures figures = agreement.compare(cases, 7);
            assertEquals(List.of(), figures.differences());
            assertTrue(figures.compared() >= 5 && figures.exact() > 0, figures::toString);
            assertEquals(0, figures.margin());
        }
        try (Agreement agreement = new Agreement(SelectionDefect.halfTheBudget(), Oracle.find())) {
            assertFalse(agreement.compare(cases, 7).differences().isEmpty());
        }
    }
}
