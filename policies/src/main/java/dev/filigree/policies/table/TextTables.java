package dev.filigree.policies.table;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Tables as lines of text. */
final class TextTables {
    private static final String HEADER = "# filigree ";

    private final Path file;
    private final Map<String, List<List<Float>>> tables = new LinkedHashMap<>();
    private String kind = "";
    private String name = "";

    private TextTables(Path file) {
        this.file = file;
    }

    static HeadTableFile parse(Path file, List<String> lines) throws TableException {
        TextTables text = new TextTables(file);
        for (int i = 0; i < lines.size(); i++) {
            text.add(i + 1, lines.get(i).strip());
        }
        Map<String, HeadTable> read = new LinkedHashMap<>();
        text.tables.forEach((key, rows) -> read.put(key, new HeadTable(rows)));
        return new HeadTableFile(file, text.kind, read);
    }

    private void add(int lineNumber, String line) throws TableException {
        if (line.startsWith(HEADER)) {
            kind = line.substring(HEADER.length()).split(" ", 2)[0];
        } else if (line.startsWith("#")) {
            String comment = line.substring(1).strip();
            if (!tables.isEmpty() && comment.matches("[A-Za-z]\\w*")) {
                name = comment;
            }
        } else if (!line.isEmpty()) {
            addRow(lineNumber, line);
        }
    }

    private void addRow(int lineNumber, String line) throws TableException {
        List<Float> row = new ArrayList<>();
        for (String word : line.split("\\s*,\\s*|\\s+", -1)) {
            row.add(Numbers.finite(file, lineNumber, word));
        }
        List<List<Float>> rows = tables.computeIfAbsent(name, key -> new ArrayList<>());
        Numbers.requireSameWidth(file, lineNumber, rows, row);
        rows.add(row);
    }
}
