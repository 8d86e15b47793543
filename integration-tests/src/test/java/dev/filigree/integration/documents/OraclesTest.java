package dev.filigree.integration.documents;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.filigree.conformance.rule.Rule;
import dev.filigree.integration.process.ProjectTree;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** docs/oracles.md answers every oracle, with rules and tests that exist. */
class OraclesTest {
    private static final Map<String, Integer> NUMBERED = Map.of("K", 14, "S", 11, "E", 15, "D", 21, "L", 21, "Q", 32);
    private static final Pattern ROW = Pattern.compile("\\| ([KSEDLQ]\\d+) \\|.*");
    private static final Pattern RULE = Pattern.compile("\\bR\\d{3,4}\\b");
    private static final Pattern TEST = Pattern.compile("`(\\w+)\\.(\\w+)`");

    private static List<String> page() throws IOException {
        return Files.readAllLines(ProjectTree.root().resolve("docs/oracles.md"));
    }

    @Test
    void everyOracleIsAnswered() throws IOException {
        List<String> answered = new ArrayList<>();
        for (String line : page()) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                answered.add(row.group(1));
                String answer = line.substring(0, line.length() - 1);
                answer = answer.substring(answer.lastIndexOf('|') + 1);
                boolean names =
                        RULE.matcher(answer).find() || TEST.matcher(answer).find();
                assertEquals(
                        true, names || answer.contains("not "), () -> line + " names no rule, no test and no reason");
            }
        }
        List<String> expected = new ArrayList<>();
        for (String kind : List.of("K", "S", "E", "D", "L", "Q")) {
            for (int i = 1; i <= NUMBERED.getOrDefault(kind, 0); i++) {
                expected.add(kind + i);
            }
        }
        assertEquals(expected, answered);
    }

    @Test
    void rulesAndTestsExist() throws IOException {
        Set<String> rules = Arrays.stream(Rule.values()).map(Rule::toString).collect(Collectors.toSet());
        Map<String, String> sources = sources();
        Set<String> missing = new TreeSet<>();
        for (String line : page()) {
            Matcher rule = RULE.matcher(line);
            while (rule.find()) {
                if (!rules.contains(rule.group())) {
                    missing.add(rule.group());
                }
            }
            Matcher test = TEST.matcher(line);
            while (test.find()) {
                if (!sources.getOrDefault(test.group(1), "").contains("void " + test.group(2) + "(")) {
                    missing.add(test.group());
                }
            }
        }
        assertEquals(Set.of(), missing);
    }

    /** Texts of all tests and of the kit's cases, by class. */
    private static Map<String, String> sources() throws IOException {
        Map<String, String> sources = new HashMap<>();
        try (var files = Files.walk(ProjectTree.root())) {
            files.filter(file -> file.toString().endsWith(".java"))
                    .filter(file -> file.toString().contains("/src/test/")
                            || file.toString().contains("/conformance/cases/"))
                    .forEach(file ->
                            sources.put(String.valueOf(file.getFileName()).replace(".java", ""), read(file)));
        }
        return sources;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
