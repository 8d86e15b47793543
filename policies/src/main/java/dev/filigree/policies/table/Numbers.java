package dev.filigree.policies.table;

import java.nio.file.Path;
import java.util.List;

/** Checks that both forms of a table share. */
final class Numbers {
    private Numbers() {}

    static float finite(Path file, int line, String word) throws TableException {
        try {
            float value = (float) Double.parseDouble(word);
            if (Float.isFinite(value)) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Reported below with the word, as for a number that is not finite.
        }
        throw new TableException(file + ":" + line + " must hold finite numbers, not \"" + word + "\"");
    }

    static void requireSameWidth(Path file, int line, List<List<Float>> earlier, List<Float> row)
            throws TableException {
        if (!earlier.isEmpty() && earlier.getFirst().size() != row.size()) {
            throw new TableException(file + ":" + line + " must have "
                    + earlier.getFirst().size() + " numbers as the rows above, not " + row.size());
        }
    }
}
