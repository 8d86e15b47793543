package dev.filigree.conformance.fork;

import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.rule.Rule;
import dev.filigree.conformance.run.CaseResult;
import dev.filigree.conformance.run.CaseResult.Status;
import dev.filigree.conformance.run.ConformanceRunner.Execution;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The file through which supervisor and worker speak, and from which an interrupted run goes on. Lines of fields with tabs
 * between them, each written whole before the next step is taken:
 *
 * <pre>
 * run     BACKEND PROFILE TIER FRESH-SEED STARTED CASE SEED POLICIES BUNDLES   by the supervisor, first
 * device  NAME DETAIL                                          by the worker, whenever it has opened the backend
 * refused SENTENCE                                             by the worker that could not open it
 * resume                                                       by the supervisor that goes on with it
 * begin   INDEX                                                by the worker, before it runs an execution
 * end     INDEX CASE SEED STATUS RULE MARGIN NANOS MESSAGE     by the worker after it, or by the supervisor for it
 * </pre>
 */
public final class Journal {
    private final Path file;

    /** A journal in a file that may be there or not. */
    public Journal(Path file) {
        this.file = file;
    }

    /** Where it is. */
    public Path file() {
        return file;
    }

    /** Adds a line; it is in the file when this returns. */
    void add(Object... fields) {
        StringBuilder line = new StringBuilder();
        for (Object field : fields) {
            line.append(line.isEmpty() ? "" : "\t").append(escape(field.toString()));
        }
        try {
            Files.writeString(
                    file,
                    line.append('\n'),
                    StandardCharsets.UTF_8,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("the journal " + file + " cannot be written", e);
        }
    }

    /** Goes on after an interruption: a line that was cut off in writing goes away, what had begun counts as not begun. */
    void resume() throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int whole = bytes.length;
        while (whole > 0 && bytes[whole - 1] != '\n') {
            whole--;
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(whole);
        }
        add("resume");
    }

    void begin(int index) {
        add("begin", index);
    }

    void end(int index, CaseResult result) {
        add(
                "end",
                index,
                result.executed().id(),
                result.seed(),
                result.status(),
                result.brokenRule().map(Rule::name).orElse(""),
                result.margin(),
                result.nanos(),
                result.message());
    }

    /** Its lines as fields; a line that was cut off in writing is left out. */
    List<List<String>> lines() throws IOException {
        if (!Files.exists(file)) {
            return List.of();
        }
        String text = Files.readString(file);
        List<List<String>> lines = new ArrayList<>();
        for (int from = 0, to = text.indexOf('\n'); to >= 0; from = to + 1, to = text.indexOf('\n', from)) {
            List<String> fields = new ArrayList<>();
            for (String field : text.substring(from, to).split("\t", -1)) {
                fields.add(unescape(field));
            }
            lines.add(fields);
        }
        return lines;
    }

    /** The last line that begins with a word. */
    Optional<List<String>> last(String word) throws IOException {
        return lines().reversed().stream()
                .filter(fields -> fields.getFirst().equals(word))
                .findFirst();
    }

    /**
     * A result from its line.
     *
     * @throws IllegalArgumentException if the line speaks of another execution, so that the journal belongs to another run
     */
    static CaseResult result(List<String> fields, Execution execution) {
        ConformanceCase executed = execution.executed();
        if (fields.size() != 9
                || !fields.get(2).equals(executed.id())
                || !fields.get(3).equals(Long.toString(execution.seed()))) {
            throw new IllegalArgumentException("the journal is of another run: execution " + fields.get(1) + " here is "
                    + executed.id() + ", there " + fields.get(2));
        }
        return new CaseResult(
                executed,
                execution.seed(),
                Status.valueOf(fields.get(4)),
                fields.get(5).isEmpty() ? Optional.empty() : Optional.of(Rule.valueOf(fields.get(5))),
                fields.get(8),
                Double.parseDouble(fields.get(6)),
                Long.parseLong(fields.get(7)));
    }

    /** Results by index, the last word on each. */
    static Map<Integer, CaseResult> results(List<List<String>> lines, List<Execution> executions) {
        Map<Integer, CaseResult> results = new java.util.TreeMap<>();
        for (List<String> fields : lines) {
            if (fields.getFirst().equals("end")) {
                int index = Integer.parseInt(fields.get(1));
                if (index >= executions.size()) {
                    throw new IllegalArgumentException("the journal is of another run: it has an execution " + index
                            + ", this run only " + executions.size());
                }
                results.put(index, result(fields, executions.get(index)));
            }
        }
        return results;
    }

    private static String escape(String text) {
        return text.replace("\\", "\\\\")
                .replace("\t", "\\t")
                .replace("\r", "\\r")
                .replace("\n", "\\n");
    }

    private static String unescape(String text) {
        if (text.indexOf('\\') < 0) {
            return text;
        }
        StringBuilder plain = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '\\' || i + 1 == text.length()) {
                plain.append(c);
                continue;
            }
            i++;
            plain.append(
                    switch (text.charAt(i)) {
                        case 't' -> '\t';
                        case 'r' -> '\r';
                        case 'n' -> '\n';
                        default -> text.charAt(i);
                    });
        }
        return plain.toString();
    }
}
