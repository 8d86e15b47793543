package dev.filigree.integration.documents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.backend.BackendProvider;
import dev.filigree.conformance.report.SupportMatrix;
import dev.filigree.integration.process.ProjectTree;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

/** The README's table of what runs where is what the backends that run on every machine say. */
class SupportMatrixTest {
    private static final List<String> EVERYWHERE = List.of("cpu-reference", "cpu-vector", "vulkan");
    private static final String BEGIN = "<!-- support: begin -->\n";
    private static final String END = "<!-- support: end -->\n";

    @Test
    void theReadmeTellsTheTruth() throws Exception {
        Path readme = ProjectTree.root().resolve("README.md");
        String text = Files.readString(readme);
        int begin = text.indexOf(BEGIN) + BEGIN.length();
        int end = text.indexOf(END);
        assertTrue(begin >= BEGIN.length() && begin <= end, "README.md has lost its support markers");

        String table = SupportMatrix.of(providers()).markdown();
        if (Boolean.getBoolean("filigree.update")) {
            text = text.substring(0, begin) + table + text.substring(end);
            Files.writeString(readme, text);
            end = text.indexOf(END);
        }
        assertEquals(
                table,
                text.substring(begin, end),
                "README.md is stale: run './filigree test -Dfiligree.update=true' and look at what changed");
    }

    private static List<BackendProvider> providers() {
        return ServiceLoader.load(BackendProvider.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(provider -> EVERYWHERE.contains(provider.name()))
                .sorted(java.util.Comparator.comparing(provider -> EVERYWHERE.indexOf(provider.name())))
                .toList();
    }
}
