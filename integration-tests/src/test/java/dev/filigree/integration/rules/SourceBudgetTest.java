package dev.filigree.integration.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.integration.process.ProjectTree;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files and methods stay short enough to be read in one go. */
class SourceBudgetTest {
    private static final int MAX_FILE_LINES = 500;
    private static final int MAX_MEDIAN_LINES = 120;
    private static final int MAX_METHOD_LINES = 80;

    /**
     * Register tiles written out: sums that must never become objects, which vectors handed to another method do. The
     * product's tile with its loads in a method of their own measured a third slower (n = 2048, dim 128: 64 instead of 97
     * GFLOP/s); the decode tiles read whole rows of keys in memory order and fold their lanes where the sums are.
     */
    private static final Map<String, Integer> WRITTEN_OUT =
            Map.of("MicroKernel.java accumulate", 90, "DecodeKernel.java scores", 100);

    private static final Set<String> SOURCE_TYPES = Set.of("java", "cu", "cuh", "glsl", "comp", "py", "sh");

    private static List<Path> sources = List.of();

    @BeforeAll
    static void findSources() throws IOException {
        sources = sourcesUnder(ProjectTree.root());
        assertFalse(sources.isEmpty(), "no source file found");
    }

    @Test
    void noFileIsTooLong() throws IOException {
        List<String> tooLong = new ArrayList<>();
        for (Path file : sources) {
            long numLines = numLines(file);
            if (numLines > MAX_FILE_LINES) {
                tooLong.add(name(file) + ": " + numLines);
            }
        }
        assertEquals(List.of(), tooLong, () -> "files above " + MAX_FILE_LINES + " lines");
    }

    @Test
    void mainSourcesAreShortOnTheWhole() throws IOException {
        List<Long> lengths = new ArrayList<>();
        for (Path file : sources) {
            if (file.toString().contains("/src/main/java/") && !file.endsWith("package-info.java")) {
                lengths.add(numLines(file));
            }
        }
        lengths.sort(null);
        long median = lengths.get(lengths.size() / 2);
        assertTrue(median <= MAX_MEDIAN_LINES, () -> "median of " + lengths.size() + " main sources: " + median);
    }

    @Test
    void noMethodIsTooLong() throws IOException {
        List<Path> java = sources.stream()
                .filter(file -> file.toString().endsWith(".java"))
                .toList();
        List<String> tooLong = JavaSource.methods(java).stream()
                .filter(method -> method.numLines() > maxLines(method))
                .map(method -> "%s:%d %s: %d lines"
                        .formatted(name(method.file()), method.firstLine(), method.name(), method.numLines()))
                .toList();
        assertEquals(List.of(), tooLong, () -> "methods above " + MAX_METHOD_LINES + " lines");
    }

    @Test
    void methodLengthsAreCountedFromSignatureToBrace(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("Sample.java"), """
                class Sample {
                    /** Not counted. */
                    void three() {
                        int x = 0; // a brace } in a comment
                    }

                    abstract static class Inner {
                        abstract void none();

                        Inner() {}
                    }
                }
                """);
        assertEquals(
                List.of(new JavaSource.Method(file, "three", 3, 3), new JavaSource.Method(file, "<init>", 10, 1)),
                JavaSource.methods(List.of(file)));
    }

    private static int maxLines(JavaSource.Method method) {
        return WRITTEN_OUT.getOrDefault(method.file().getFileName() + " " + method.name(), MAX_METHOD_LINES);
    }

    private static List<Path> sourcesUnder(Path root) throws IOException {
        List<Path> found = new ArrayList<>();
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                String name = folder.getFileName().toString();
                boolean ours = folder.equals(root) || !(name.equals("target") || name.startsWith("."));
                return ours ? FileVisitResult.CONTINUE : FileVisitResult.SKIP_SUBTREE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                String name = file.getFileName().toString();
                if (SOURCE_TYPES.contains(name.substring(name.lastIndexOf('.') + 1))) {
                    found.add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return found;
    }

    private static long numLines(Path file) throws IOException {
        try (var lines = Files.lines(file)) {
            return lines.count();
        }
    }

    private static String name(Path file) {
        return ProjectTree.root().relativize(file).toString();
    }
}
