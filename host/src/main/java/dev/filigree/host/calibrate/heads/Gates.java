package dev.filigree.host.calibrate.heads;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.host.calibrate.TextFile;
import dev.filigree.policies.table.HeadTable;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Gates per layer and KV head, and where they come from.
 *
 * @param method that found them
 * @param pattern what streaming heads saw
 * @param table the gates, unclipped
 * @param tieBreak orders equal gates, higher means more of a retrieval head
 */
public record Gates(HeadMethod method, HeadPattern.Streaming pattern, HeadTable table, HeadTable tieBreak) {

    /** Heads, the surest retrieval head first. */
    public List<HeadRanking.Head> ranking() {
        return HeadRanking.of(table, tieBreak);
    }

    /**
     * Writes the gates as the duoattention policy reads them, in fp32 that reads back to the bit, and after them the scores
     * that order equal gates.
     *
     * @param file as JSON if its name ends in {@code .json}, else as text
     */
    public void write(Path file) {
        TextFile.replace(file, file.toString().endsWith(".json") ? json() : text());
    }

    private String text() {
        StringBuilder text = new StringBuilder("# filigree gates 1\n# method=").append(method.id());
        text.append(" sink=")
                .append(pattern.sink())
                .append(" recent=")
                .append(pattern.recent())
                .append('\n');
        lines(table, "", "\t", "\n", text);
        lines(tieBreak, "", "\t", "\n", text.append("# secondary\n"));
        return text.toString();
    }

    private String json() {
        StringBuilder text = new StringBuilder("{\n  \"format\": \"filigree-gates\",\n  \"version\": 1,\n");
        text.append("  \"method\": \"")
                .append(method.id())
                .append("\",\n  \"sink\": ")
                .append(pattern.sink());
        text.append(",\n  \"recent\": ").append(pattern.recent()).append(",\n  \"gates\": [\n");
        lines(table, "    [", ", ", "],\n", text);
        text.setLength(text.length() - 2);
        text.append("\n  ],\n  \"secondary\": [\n");
        lines(tieBreak, "    [", ", ", "],\n", text);
        text.setLength(text.length() - 2);
        return text.append("\n  ]\n}\n").toString();
    }

    private static void lines(HeadTable table, String open, String between, String close, StringBuilder text) {
        for (List<Float> row : table.rows()) {
            text.append(open);
            text.append(String.join(between, row.stream().map(String::valueOf).toList()));
            text.append(close);
        }
    }

    /**
     * Writes the form of the published patterns: {@code full_attention_heads.tsv} with 18 decimals and {@code config.json}
     * with the windows.
     *
     * @param folder created if it is not there
     */
    public void writePublished(Path folder) {
        StringBuilder text = new StringBuilder();
        for (List<Float> row : table.rows()) {
            text.append(String.join(
                    "\t",
                    row.stream()
                            .map(value -> String.format(Locale.ROOT, "%.18e", value))
                            .toList()));
            text.append('\n');
        }
        TextFile.replace(folder.resolve("full_attention_heads.tsv"), text.toString());
        TextFile.replace(
                folder.resolve("config.json"),
                "{\n  \"sink_size\": " + pattern.sink() + ",\n  \"recent_size\": " + pattern.recent() + "\n}\n");
    }
}
