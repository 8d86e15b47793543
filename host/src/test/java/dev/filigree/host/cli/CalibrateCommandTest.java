package dev.filigree.host.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.host.checkpoint.Checkpoint;
import dev.filigree.host.keys.KeySmoothing;
import dev.filigree.policies.table.HeadTableFile;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The calibration and evaluation commands, small. */
class CalibrateCommandTest {
    private static final String MODEL = "../examples/models/needle-16k";

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return Main.run(args, new PrintWriter(out, true), new PrintWriter(err, true));
    }

    @Test
    void headsWritesGatesReportAndRanking() throws Exception {
        Path gates = folder.resolve("gates.tsv");
        Path page = folder.resolve("heads.html");
        int code = run(
                "calibrate",
                "heads",
                MODEL,
                "--method",
                "deviation",
                "--samples",
                "1",
                "--min-tokens",
                "600",
                "--max-tokens",
                "600",
                "--sink",
                "16",
                "--recent",
                "64",
                "-o",
                gates.toString(),
                "--report",
                page.toString());
        assertEquals(Errors.OK, code, err::toString);
        assertEquals(6, HeadTableFile.read(gates).requireKind("gates").table().numLayers());
        assertTrue(Files.readString(page).contains("local output deviation"));
        List<String> topSix = out.toString()
                .lines()
                .skip(2)
                .limit(6)
                .map(line -> line.strip().split("\\s+")[1])
                .toList();
        assertTrue(topSix.containsAll(List.of("L5H3", "L3H2")), topSix::toString);
    }

    @Test
    void thresholdsWritesATableThePolicyReads() throws Exception {
        Path table = folder.resolve("thresholds.tsv");
        int code = run(
                "calibrate",
                "thresholds",
                MODEL,
                "--samples",
                "1",
                "--min-tokens",
                "600",
                "--max-tokens",
                "600",
                "--stride",
                "8",
                "-o",
                table.toString());
        assertEquals(Errors.OK, code, err::toString);
        var read = HeadTableFile.read(table).requireKind("thresholds").table();
        assertEquals(6, read.numLayers());
        assertEquals(8, read.numHeads());
        read.rows().forEach(row -> row.forEach(value -> assertTrue(value > 0 && value <= 1, row::toString)));
    }

    @Test
    void keysWritesFactorsAndAFoldedCheckpoint() {
        Path factors = folder.resolve("keys.json");
        Path folded = folder.resolve("folded");
        int code = run(
                "calibrate",
                "keys",
                MODEL,
                "--samples",
                "1",
                "--min-tokens",
                "600",
                "--max-tokens",
                "600",
                "-o",
                factors.toString(),
                "--fold",
                folded.toString());
        assertEquals(Errors.OK, code, err::toString);
        assertEquals(7, out.toString().lines().count(), out::toString);
        try (Checkpoint source = Checkpoint.open(Path.of(MODEL));
                Checkpoint target = Checkpoint.open(folded)) {
            assertEquals(
                    6, KeySmoothing.read(factors, source.config()).factors().size());
            assertEquals(source.tensors().keySet(), target.tensors().keySet());
        }
        assertEquals(Errors.USAGE, run("calibrate", "keys", MODEL, "--alpha", "2"));
        assertTrue(err.toString().contains("--alpha must be 0 to 1, not 2.0"), err::toString);
    }

    @Test
    void wrongValuesAreNamedWithTheAcceptedOnes() {
        assertEquals(Errors.USAGE, run("calibrate", "heads", MODEL, "--method", "guess"));
        assertTrue(err.toString()
                .contains("method must be one of gradient, mass, deviation, knockout, rotation, not guess"));
        assertEquals(Errors.USAGE, run("calibrate", "thresholds", MODEL, "--stride", "7"));
        assertTrue(err.toString().contains("stride must divide the block size 128, not 7"));
        assertEquals(Errors.USAGE, run("eval", "../examples/needle.yaml", "--tasks", "riddle"));
        assertTrue(err.toString().contains("task must be one of single, multikey, multivalue, kv, copy, not riddle"));
        assertEquals(Errors.USAGE, run("calibrate", "heads", MODEL, "--min-tokens", "100"));
        assertTrue(err.toString().contains("sample sizes must ascend within 512 to"));
    }

    @Test
    void evalAnswersRightAndRemembers() throws Exception {
        Path state = folder.resolve("eval.state");
        Path page = folder.resolve("eval.html");
        String[] args = {
            "eval",
            "../examples/needle.yaml",
            "--tasks",
            "single",
            "--sizes",
            "512",
            "--prompts-per-task",
            "1",
            "--state",
            state.toString(),
            "--html",
            page.toString(),
            "--probe",
            "512"
        };
        assertEquals(Errors.OK, run(args), err::toString);
        assertTrue(out.toString().contains("100.0 %"), out::toString);
        assertTrue(Files.readString(page).contains("density 100.0 %, recall 100.00 %"));
        String first = Files.readString(state);
        assertEquals(Errors.OK, run(args), err::toString);
        assertEquals(first, Files.readString(state));
    }
}
