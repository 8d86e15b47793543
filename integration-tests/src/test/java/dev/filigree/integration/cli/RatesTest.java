package dev.filigree.integration.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.integration.process.ModulePathProcess;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The kit's table of rates, at sizes that a CPU takes: every line is a time, or a sentence why there is none. */
class RatesTest {
    private static final Duration SOON = Duration.ofMinutes(2);

    private static List<String[]> rates(int shrink, String only) throws Exception {
        var result = ModulePathProcess.main(
                        "dev.filigree.conformance/dev.filigree.conformance.Main", "rates", "cpu-vector")
                .withJvmOptions("-Dfiligree.kit.shrink=" + shrink, "-Dfiligree.kit.case=" + only)
                .run(SOON);
        assertEquals(0, result.exitCode(), result.toString());
        List<String[]> rows = result.out()
                .lines()
                .filter(line -> line.startsWith("| ") && !line.startsWith("| what"))
                .map(line -> line.substring(2).split(" \\| "))
                .toList();
        assertFalse(rows.isEmpty(), result.out());
        for (String[] row : rows) {
            assertTrue(row[0].contains(only), row[0]);
            assertTrue(Double.parseDouble(row[1]) > 0, () -> String.join(" | ", row));
        }
        return rows;
    }

    @Test
    void prefillReportsTheShareThatWasChosen() throws Exception {
        for (String[] row : rates(64, "prefill xattention S=16")) {
            double share = Double.parseDouble(row[2]);
            int blocks = Integer.parseInt(row[0].substring(row[0].lastIndexOf(' ') + 1)) / 128;
            double mandatory = (2 * blocks - 1) / (blocks * (blocks + 1) / 2.0); // the diagonal and the first column
            assertEquals(mandatory, share, 1e-4, row[0]);
        }
    }

    @Test
    void decodeReadsItsBudget() throws Exception {
        List<String[]> rows = rates(16, "decode lserve chosen int4 8");
        String[] longest = rows.getLast();
        assertEquals("decode lserve chosen int4 8 x 8192", longest[0]);
        assertEquals(256.0 / 8192, Double.parseDouble(longest[2]), 1e-4);
    }

    @Test
    void linearsRunInEveryStorage() throws Exception {
        List<String[]> rows = rates(64, "1 x 64 x 224");
        assertEquals(
                6, rows.size(), () -> rows.stream().map(row -> row[0]).toList().toString());
    }
}
