package dev.filigree.policies.table;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * One number per layer and head, fp32.
 *
 * @param rows {@code [layer][head]}, all rows equally long
 */
public record HeadTable(List<List<Float>> rows) {
    /** Copies the rows and checks that they are equally long. */
    public HeadTable {
        rows = rows.stream().map(List::copyOf).toList();
        for (List<Float> row : rows) {
            if (row.size() != rows.getFirst().size()) {
                throw new IllegalArgumentException("rows of a table must be equally long, not "
                        + rows.getFirst().size() + " and " + row.size());
            }
        }
    }

    /** Layers. */
    public int numLayers() {
        return rows.size();
    }

    /** Heads per layer. */
    public int numHeads() {
        return rows.isEmpty() ? 0 : rows.getFirst().size();
    }

    /** The value of one head. */
    public float of(int layer, int head) {
        return rows.get(layer).get(head);
    }

    /**
     * Writes a file that {@link HeadTableFile} reads back to an equal table: numbers in the shortest form that keeps
     * every bit.
     *
     * @param comments lines of more than one word put above the rows, after {@code #}
     */
    public void write(Path file, List<String> comments) throws IOException {
        List<String> lines = new ArrayList<>();
        comments.forEach(comment -> lines.add("# " + comment));
        for (List<Float> row : rows) {
            lines.add(String.join("\t", row.stream().map(String::valueOf).toList()));
        }
        Files.write(file, lines);
    }
}
