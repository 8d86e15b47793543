package dev.filigree.integration.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * No file makes a reader crash, hang, leak or complain unclearly. A few hundred files per reader with a fixed seed by
 * default; {@code -Dfiligree.fuzz=600} takes ten minutes per reader with a fresh one, {@code -Dfiligree.fuzz.reader=NAME}
 * takes one reader.
 */
class FuzzTest {
    private static final double SECONDS = Long.getLong("filigree.fuzz", 0);
    private static final long AT_LEAST = 400;
    private static final long SEED = Long.getLong("filigree.seed", SECONDS > 0 ? System.nanoTime() : 1);

    static Stream<FuzzTarget> readers() {
        String only = System.getProperty("filigree.fuzz.reader", "");
        return FuzzTargets.all().stream()
                .filter(target -> only.isEmpty() || target.name().equals(only));
    }

    @ParameterizedTest
    @MethodSource("readers")
    void badFilesAreRefusedInASentence(FuzzTarget target) throws IOException {
        Path folder = Path.of(System.getProperty("java.io.tmpdir"), "fuzz", target.name(), "files");
        long before = openFiles();
        Fuzzer.Figures figures = new Fuzzer(target, folder, SEED).run(SECONDS, AT_LEAST);
        System.out.println(figures.row());
        assertEquals(List.of(), figures.findings(), () -> "seed " + SEED);
        assertTrue(figures.executions() >= AT_LEAST, figures::row);
        // Mapped files go with their arena, so what is open now was open before, give or take a class path.
        long after = openFiles();
        assertTrue(after <= before + 8, () -> before + " files were open, now " + after);
    }

    @Test
    void aReaderThatThrowsSomethingElseIsFound(@TempDir Path folder) throws IOException {
        FuzzTarget careless = new FuzzTarget(
                "careless",
                Map.of(),
                List.of(new FuzzTarget.Seed("n.txt", "123".getBytes(java.nio.charset.StandardCharsets.UTF_8))),
                List.of("-"),
                List.of(IllegalStateException.class),
                (in, file) -> Integer.parseInt(Files.readString(file, java.nio.charset.StandardCharsets.ISO_8859_1)));
        Fuzzer.Figures figures = new Fuzzer(careless, folder.resolve("files"), 1).run(0, 100);
        assertTrue(
                figures.findings().getFirst().startsWith("threw java.lang.NumberFormatException"), figures::toString);
    }

    @Test
    void equalSeedsMakeEqualFiles() {
        byte[] file = "{\"a\": 1}".getBytes(java.nio.charset.StandardCharsets.UTF_8);
        byte[] one = new Mutator(new Random(7), List.of("b")).change(file, file);
        byte[] two = new Mutator(new Random(7), List.of("b")).change(file, file);
        assertEquals(List.of(one.length, new String(one)), List.of(two.length, new String(two)));
    }

    private static long openFiles() throws IOException {
        Path table = Path.of("/proc/self/fd");
        if (!Files.isDirectory(table)) {
            return 0;
        }
        try (Stream<Path> files = Files.list(table)) {
            return files.count();
        }
    }
}
