package dev.filigree.conformance.mutant;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.filigree.conformance.policy.PolicyMutants;
import dev.filigree.conformance.rule.Rule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The page that lists rules and mutants says what the code does. */
class RulesPageTest {
    private static final Path PAGE = Path.of("..", "docs", "conformance.md");

    @Test
    void everyRuleStandsOnThePage() throws IOException {
        List<String> rows = rows("| R", "`");
        List<String> expected = Arrays.stream(Rule.values())
                .map(rule ->
                        "| " + rule + " | " + rule.level().name().toLowerCase(Locale.ROOT) + " `" + rule.gist() + "` |")
                .toList();
        assertEquals(
                expected,
                rows.stream()
                        .map(row -> row.substring(0, row.indexOf("` |") + 3))
                        .toList());
    }

    @Test
    void everyMutantStandsOnThePage() throws IOException {
        List<String> rows = Files.readAllLines(PAGE).stream()
                .filter(row -> row.startsWith("| R") && !row.contains("`"))
                .sorted()
                .toList();
        List<String> expected = Stream.concat(
                        Mutants.all().stream().map(mutant -> "| " + mutant.rule() + " | " + mutant.name() + " |"),
                        PolicyMutants.all().stream().map(mutant -> "| " + mutant.rule() + " | " + mutant.name() + " |"))
                .sorted()
                .toList();
        assertEquals(expected, rows);
    }

    private static List<String> rows(String start, String part) throws IOException {
        return Files.readAllLines(PAGE).stream()
                .filter(row -> row.startsWith(start) && row.contains(part))
                .toList();
    }
}
