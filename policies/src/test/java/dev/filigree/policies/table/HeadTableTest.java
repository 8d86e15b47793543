package dev.filigree.policies.table;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tables as files. */
class HeadTableTest {
    @TempDir
    private Path folder;

    private HeadTable read(String text) throws IOException, TableException {
        return HeadTableFile.read(Files.writeString(folder.resolve("table.tsv"), text))
                .table();
    }

    @Test
    void publishedAndHandWrittenFormsAreRead() throws Exception {
        String published = "9.609375000000000000e-01\t-1.953125000000000000e-03\n1.000000000000000000e+00\t0e0";
        assertEquals(new HeadTable(List.of(List.of(.9609375f, -.001953125f), List.of(1f, 0f))), read(published));
        assertEquals(new HeadTable(List.of(List.of(1f, .5f), List.of(0f, 2f))), read("# gates\n1, .5\n\n  0 2 \r\n"));
    }

    @Test
    void writingAndReadingKeepsEveryBit() throws Exception {
        Random random = new Random(3);
        List<List<Float>> rows = new ArrayList<>();
        for (int layer = 0; layer < 32; layer++) {
            rows.add(random.doubles(8, 0, 1).mapToObj(d -> (float) d).toList());
        }
        HeadTable table = new HeadTable(rows);
        Path file = folder.resolve("gates.tsv");
        table.write(file, List.of("filigree gates 1", "model needle-16k"));
        assertEquals(table, HeadTableFile.read(file).table());
        assertTrue(Files.readString(file).startsWith("# filigree gates 1\n# model needle-16k\n"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "# only a comment\n", "1 2\n3\n", "1 NaN\n", "1 x\n", "1e39 0\n", "1,,2\n"})
    void otherContentIsRefusedNamingTheFile(String text) {
        TableException e = assertThrows(TableException.class, () -> read(text));
        assertTrue(String.valueOf(e.getMessage()).contains("table.tsv"), e::getMessage);
    }

    @Test
    void aRefusalStaysALineToRead() {
        TableException e = assertThrows(TableException.class, () -> read("1 x" + "y".repeat(10_000) + "\n"));
        assertTrue(String.valueOf(e.getMessage()).length() < 700, e::getMessage);
        assertTrue(String.valueOf(e.getMessage()).contains("table.tsv:1 must hold finite numbers"), e::getMessage);
    }

    @Test
    void missingAndBinaryFilesAreRefused() throws IOException {
        assertThrows(TableException.class, () -> HeadTableFile.read(folder.resolve("none.tsv")));
        Path binary = Files.write(folder.resolve("b.tsv"), new byte[] {(byte) 0xff, (byte) 0xc0, 0});
        assertThrows(TableException.class, () -> HeadTableFile.read(binary));
    }

    @Test
    void raggedTablesCannotBeMade() {
        List<List<Float>> ragged = List.of(List.of(1f, 2f), List.of(1f));
        assertThrows(IllegalArgumentException.class, () -> new HeadTable(ragged));
    }

    @Test
    void kindsAndFurtherTablesAreRead() throws Exception {
        String text = "# filigree gates 1\n# sink=64 recent=256 method=gradient\n1\t0\n# secondary\n0.25\t0.5\n";
        HeadTableFile file = HeadTableFile.read(Files.writeString(folder.resolve("gates.tsv"), text));
        assertEquals("gates", file.kind());
        assertEquals(List.of(List.of(1f, 0f)), file.table().rows());
        assertEquals(
                List.of(List.of(.25f, .5f)),
                file.table("secondary").orElseThrow().rows());
        TableException e = assertThrows(TableException.class, () -> file.requireKind("thresholds"));
        assertTrue(String.valueOf(e.getMessage()).endsWith("must hold thresholds, not gates"), e::getMessage);
    }

    @Test
    void jsonHoldsTheSame() throws Exception {
        String json = """
                {
                  "format" : "filigree-gates",
                  "version" : 1,
                  "sink" : 64,
                  "gates" : [ [ 1.0, 3.5E-4 ], [ 0.0, -2.0E-3 ] ],
                  "secondary" : [ [ 1, 2 ], [ 3, 4 ] ]
                }
                """;
        HeadTableFile file = HeadTableFile.read(Files.writeString(folder.resolve("gates.json"), json));
        assertEquals(
                List.of(List.of(1f, 3.5e-4f), List.of(0f, -2e-3f)), file.table().rows());
        assertEquals(4f, file.table("secondary").orElseThrow().of(1, 1));
        for (String broken : List.of("[]", "{}", json.replace("1.0", "\"a\""), json.replace("2.0E-3 ]", "1, 2 ]"))) {
            Path path = Files.writeString(folder.resolve("broken.json"), broken);
            assertThrows(TableException.class, () -> HeadTableFile.read(path), broken);
        }
    }
}
