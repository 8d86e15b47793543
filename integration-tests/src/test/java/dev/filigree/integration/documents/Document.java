package dev.filigree.integration.documents;

import dev.filigree.integration.process.ProjectTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A Markdown page of the tree. */
public record Document(Path file, List<String> lines) {
    private static final Pattern SOURCE = Pattern.compile("<!-- from (\\S+) -->");
    private static final Pattern LINK = Pattern.compile("\\[[^\\]]*\\]\\(([^)\\s]+)\\)");

    /** A fenced block: what its fence names it, the file that the line before it says it is from, and its text. */
    public record Block(long line, String language, Optional<String> source, String text) {}

    public static Document read(Path file) throws IOException {
        return new Document(file, Files.readAllLines(file));
    }

    /** The pages for people: README, docs, and what stands beside the samples and examples. */
    static List<Path> all() throws IOException {
        List<Path> pages = new ArrayList<>(List.of(ProjectTree.root().resolve("README.md")));
        for (String folder : List.of("docs", "integration-tests/samples", "examples")) {
            Path top = ProjectTree.root().resolve(folder);
            if (Files.isDirectory(top)) {
                try (var files = Files.walk(top)) {
                    files.filter(file -> file.toString().endsWith(".md"))
                            .filter(file -> !file.toString().contains("/target/"))
                            .sorted()
                            .forEach(pages::add);
                }
            }
        }
        return pages;
    }

    public List<Block> blocks() {
        List<Block> blocks = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).startsWith("```")) {
                int end = i + 1;
                while (end < lines.size() && !lines.get(end).startsWith("```")) {
                    end++;
                }
                Matcher source = SOURCE.matcher(i == 0 ? "" : lines.get(i - 1));
                blocks.add(new Block(
                        i + 1,
                        lines.get(i).substring(3).strip(),
                        source.matches() ? Optional.of(source.group(1)) : Optional.empty(),
                        String.join("\n", lines.subList(i + 1, end))));
                i = end;
            }
        }
        return blocks;
    }

    /** Targets of links to files, without the part after {@code #}. */
    List<String> linkedFiles() {
        List<String> targets = new ArrayList<>();
        for (String line : lines) {
            Matcher link = LINK.matcher(line);
            while (link.find()) {
                String target = link.group(1).replaceFirst("#.*", "");
                if (!target.isEmpty() && !target.contains("://")) {
                    targets.add(target);
                }
            }
        }
        return targets;
    }

    @Override
    public String toString() {
        return ProjectTree.root().relativize(file).toString();
    }
}
