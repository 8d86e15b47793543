package dev.filigree.host.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.host.calibrate.CalibrationException;
import dev.filigree.host.needle.NeedleTask;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvalTest {
    @TempDir
    private Path folder;

    private static EvalResult result(NeedleTask task, int size, double depth, String answer) {
        return new EvalResult(
                "dense",
                task.id() + size + depth,
                task,
                size,
                depth,
                "12345.",
                answer,
                size - 8,
                1.5,
                0.25,
                0.5,
                0.25,
                3L << 20);
    }

    private static EvalReport report() {
        return new EvalReport(
                "dense",
                "backend x: named",
                List.of(
                        result(NeedleTask.SINGLE, 1024, 0, "12345."),
                        result(NeedleTask.SINGLE, 1024, 0.5, "12345."),
                        result(NeedleTask.SINGLE, 1024, 1, "1234<"),
                        result(NeedleTask.KV, 4096, 0.5, "12345.")),
                Optional.of(new HeadDensity(
                        "a prompt",
                        List.of(List.of(1.0), List.of(0.0)),
                        List.of(List.of(1.0, 0.5), List.of(0.25, 0.25)),
                        List.of(List.of(1.0, 1.0), List.of(0.9, 0.9)),
                        new HeadDensity.Times(2.5, 0.25))));
    }

    @Test
    void casesSpreadDepthsEvenlyShortestFirst() {
        EvalPlan plan =
                new EvalPlan(List.of(NeedleTask.KV, NeedleTask.COPY), List.of(4096, 1024), 3, EvalPlan.Depths.ALL, 7);
        assertEquals(
                List.of(
                        "kv-1024-0-7",
                        "kv-1024-500-8",
                        "kv-1024-1000-9",
                        "copy-1024-0-7",
                        "copy-1024-500-8",
                        "copy-1024-1000-9"),
                plan.cases().stream().limit(6).map(EvalPlan.Case::toString).toList());
        assertEquals(12, plan.cases().size());
        assertEquals(4096, plan.maxSize());
        assertThrows(
                IllegalArgumentException.class,
                () -> new EvalPlan(List.of(), List.of(1024), 1, EvalPlan.Depths.ALL, 1));
    }

    @Test
    void depthsMayLeaveOutTheEnds() {
        EvalPlan plan = new EvalPlan(List.of(NeedleTask.KV), List.of(1024), 5, new EvalPlan.Depths(0.1, 0.9), 1);
        assertEquals(
                List.of("kv-1024-100-1", "kv-1024-300-2", "kv-1024-500-3", "kv-1024-700-4", "kv-1024-900-5"),
                plan.cases().stream().map(EvalPlan.Case::toString).toList());
        assertThrows(IllegalArgumentException.class, () -> new EvalPlan.Depths(0.9, 0.1));
        assertThrows(IllegalArgumentException.class, () -> new EvalPlan.Depths(0, 1.5));
    }

    @Test
    void logRemembersEveryOutcomeAndKnowsConfigsApart() {
        Path file = folder.resolve("eval.state");
        EvalLog log = EvalLog.open(Optional.of(file));
        EvalResult first = result(NeedleTask.SINGLE, 1024, 0, "12345.");
        EvalResult second = result(NeedleTask.KV, 1024, 0.25, "\"quoted\"\n");
        log.add("dense#1", first);
        log.add("dense#2", second);
        EvalLog again = EvalLog.open(Optional.of(file));
        assertEquals(Optional.of(first), again.find("dense#1", first.id()));
        assertEquals(Optional.of(second), again.find("dense#2", second.id()));
        assertEquals(Optional.empty(), again.find("dense#1", second.id()));
        assertEquals(List.of(first, second), again.results());
    }

    @Test
    void otherFilesAreRefused() throws Exception {
        Path file = Files.writeString(folder.resolve("other.json"), "[1]");
        assertThrows(CalibrationException.class, () -> EvalLog.open(Optional.of(file)));
    }

    /** Found by fuzzing: the refusal did not name the file. */
    @Test
    void anUnknownTaskIsRefusedWithItsFileAndPlace() throws Exception {
        Path file = Files.writeString(folder.resolve("log.json"), """
                {"results": {"f/c": {"config": "dense", "id": "c", "task": "singld", "size": 1, "depth": 0, "expected": "a",
                 "answer": "a", "promptTokens": 1, "prefillSeconds": 0, "decodeSeconds": 0, "prefillDensity": 1,
                 "decodeDensity": 1, "kvBytes": 1}}}
                """);
        CalibrationException refusal = assertThrows(CalibrationException.class, () -> EvalLog.open(Optional.of(file)));
        assertEquals(
                file + ": results.f/c.task is \"singld\"; accepted: one of single, multikey, multivalue, kv, copy",
                refusal.getMessage());
    }

    @Test
    void tableHasALinePerTaskAndSize() {
        assertEquals(
                List.of(
                        List.of("dense", "single", "1024", "3", "66.7 %", "50.0 %", "3.00", "1.50", "0.25"),
                        List.of("dense", "kv", "4096", "1", "100.0 %", "50.0 %", "3.00", "1.50", "0.25")),
                report().rows());
        assertEquals(EvalReport.header().size(), report().rows().getFirst().size());
    }

    @Test
    void pageShowsMapsTableAndMisses() {
        String page = EvalReport.html("title & more", List.of(report()));
        assertTrue(page.contains("<title>title &amp; more</title>"));
        assertTrue(page.contains("single, exact match in %"));
        assertTrue(page.contains("density 50.0 %, recall 95.00 %"));
        assertTrue(page.contains("attention took 2.500 s, 0.250 s of it to choose blocks."));
        assertTrue(page.contains("<td>1234&lt;</td>"));
        assertEquals(-1, page.replace("http://www.w3.org/2000/svg", "").indexOf("http"));
        // Two tasks, and retention, density and recall per head.
        assertEquals(5, page.split("<svg ", -1).length - 1);
    }
}
