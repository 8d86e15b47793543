package dev.filigree.conformance.fork;

import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.certificate.GivenText;
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
    private static final long MAX_BYTES = 1L << 28;

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
        String text = GivenText.read(file, MAX_BYTES, "a journal");
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

    private static CaseResult result(List<String> fields, Execution execution) {
        ConformanceCase executed = execution.executed();
        if (fields.size() != 9
                || !fields.get(2).equals(executed.id())
                || !fields.get(3).equals(Long.toString(execution.seed()))) {
            throw foreign("it says " + GivenText.quote(String.join(" ", fields)) + " where this run has "
                    + executed.id() + " with seed " + execution.seed());
        }
        try {
            return new CaseResult(
                    executed,
                    execution.seed(),
                    Status.valueOf(fields.get(4)),
                    fields.get(5).isEmpty() ? Optional.empty() : Optional.of(Rule.valueOf(fields.get(5))),
                    fields.get(8),
                    Double.parseDouble(fields.get(6)),
                    Long.parseLong(fields.get(7)));
        } catch (IllegalArgumentException e) {
            throw foreign("status, rule, margin and nanoseconds of " + executed.id() + " are "
                    + GivenText.quote(String.join(" ", fields.subList(4, 8))));
        }
    }

    /**
     * What it says came of executions, by their number; the last word on each.
     *
     * @throws IllegalArgumentException if it speaks of others, so that the journal belongs to another run
     */
    public Map<Integer, CaseResult> results(List<Execution> executions) throws IOException {
        Map<Integer, CaseResult> results = new java.util.TreeMap<>();
        for (List<String> fields : lines()) {
            if (fields.getFirst().equals("end")) {
                int index = index(fields, executions.size());
                results.put(index, result(fields, executions.get(index)));
            }
        }
        return results;
    }

    /** The execution that was begun last and has not ended, if there is one. */
    Optional<Integer> open(int numExecutions) throws IOException {
        Optional<Integer> open = Optional.empty();
        for (List<String> fields : lines()) {
            switch (fields.getFirst()) {
                case "begin" -> open = Optional.of(index(fields, numExecutions));
                case "end", "resume" -> open = Optional.empty();
                default -> {}
            }
        }
        return open;
    }

    private static int index(List<String> fields, int numExecutions) {
        String text = fields.size() < 2 ? "" : fields.get(1);
        if (text.matches("[0-9]{1,9}") && Integer.parseInt(text) < numExecutions) {
            return Integer.parseInt(text);
        }
        throw foreign("it has an execution " + GivenText.quote(text) + ", this run has 0 to " + (numExecutions - 1));
    }

    private static IllegalArgumentException foreign(String why) {
        return new IllegalArgumentException("the journal is of another run: " + why);
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
