package dev.filigree.integration.embedding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.integration.documents.Document;
import dev.filigree.integration.process.ProjectTree;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's example of a host application: compiled, short, and answering when an application runs it. */
class EmbeddingTest {
    private static final int MAX_LINES = 15;
    private static final String SOURCE =
            "integration-tests/src/test/java/dev/filigree/integration/embedding/EmbeddingExample.java";

    @TempDir
    Path folder;

    @Test
    void theReadmeQuotesItInFewLines() throws Exception {
        List<Document.Block> quotes = Document.read(ProjectTree.root().resolve("README.md")).blocks().stream()
                .filter(block -> block.source().equals(java.util.Optional.of(SOURCE)))
                .toList();

        assertEquals(1, quotes.size(), () -> "quotes of " + SOURCE + " in README.md");
        long numLines = quotes.getFirst().text().lines().count();
        assertTrue(numLines < MAX_LINES, () -> "the example has " + numLines + " lines");
    }

    /** On the class path, as in an application that has no modules. */
    @Test
    void itAnswers() throws Exception {
        Path said = folder.resolve("said");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules",
                        "jdk.incubator.vector",
                        "-cp",
                        System.getProperty("java.class.path")
                                + File.pathSeparator
                                + System.getProperty("surefire.test.class.path", ""),
                        EmbeddingExample.class.getName())
                .directory(ProjectTree.root().toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .redirectOutput(said.toFile())
                .start();

        boolean finished = process.waitFor(3, TimeUnit.MINUTES);
        if (!finished) {
            process.destroyForcibly().waitFor();
        }
        assertTrue(finished, "the example hangs");
        assertEquals("83412.", Files.readString(said).strip());
    }
}
