package dev.filigree.host.calibrate.heads.gradient;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.host.calibrate.decoder.Rows;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The positions the student works on, layer by layer. The teacher carries everything that comes from afar, so the student
 * sees no further back than its windows: a layer needs the rows above it, their recent window and the sink, and nothing
 * else. Leaving the rest out changes no result.
 *
 * @param in per layer, rows of its input
 * @param out per layer, rows of its output; those of a layer are the next one's input
 */
public record StudentRows(List<Rows> in, List<Rows> out) {

    /** Copies the lists. */
    public StudentRows {
        in = List.copyOf(in);
        out = List.copyOf(out);
    }

    /** The fewest rows that give the labelled positions from {@code firstLabel} on exactly. */
    public static StudentRows truncated(int numLayers, int firstLabel, int numTokens, HeadPattern.Streaming pattern) {
        List<Rows> rows = new ArrayList<>();
        rows.add(new Rows(0, firstLabel, numTokens));
        for (int l = 0; l < numLayers; l++) {
            rows.add(rows.getLast().reach(pattern.sink(), pattern.recent()));
        }
        Collections.reverse(rows);
        return new StudentRows(rows.subList(0, numLayers), rows.subList(1, numLayers + 1));
    }

    /** All rows everywhere. */
    public static StudentRows whole(int numLayers, int numTokens) {
        List<Rows> rows = Collections.nCopies(numLayers, Rows.all(numTokens));
        return new StudentRows(rows, rows);
    }
}
