package dev.filigree.policies.layers;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Layers by number, written as {@code 0-2, 5}; an empty text means none.
 *
 * @param ranges inclusive first and last layers
 */
public record LayerSet(List<Range> ranges) {
    private static final Pattern RANGE = Pattern.compile("\\s*(\\d{1,6})\\s*(?:-\\s*(\\d{1,6})\\s*)?");

    /** No layer. */
    public static final LayerSet NONE = new LayerSet(List.of());

    /**
     * Layers from first to last.
     *
     * @param first 0-based
     * @param last inclusive
     */
    public record Range(int first, int last) {}

    /** Copies the list. */
    public LayerSet {
        ranges = List.copyOf(ranges);
    }

    /**
     * Reads the text form.
     *
     * @throws IllegalArgumentException with the accepted form if the text is something else
     */
    public static LayerSet parse(String text) {
        List<Range> ranges = new ArrayList<>();
        for (String part : text.isBlank() ? new String[0] : text.split(",", -1)) {
            Matcher matcher = RANGE.matcher(part);
            if (!matcher.matches()) {
                throw new IllegalArgumentException("layers must be written like \"0-2, 5\", not \"" + text + "\"");
            }
            int first = Integer.parseInt(matcher.group(1));
            int last = matcher.group(2) == null ? first : Integer.parseInt(matcher.group(2));
            if (last < first) {
                throw new IllegalArgumentException("layers " + first + "-" + last + " must ascend");
            }
            ranges.add(new Range(first, last));
        }
        return new LayerSet(ranges);
    }

    /** Whether a layer belongs to the set. */
    public boolean contains(int layer) {
        return ranges.stream().anyMatch(range -> range.first() <= layer && layer <= range.last());
    }

    /** The highest layer of the set, -1 if it is empty. */
    public int last() {
        return ranges.stream().mapToInt(Range::last).max().orElse(-1);
    }

    /** Whether some layer belongs to both sets. */
    public boolean overlaps(LayerSet other) {
        return ranges.stream()
                .anyMatch(a -> other.ranges.stream().anyMatch(b -> a.first() <= b.last() && b.first() <= a.last()));
    }

    @Override
    public String toString() {
        List<String> parts = ranges.stream()
                .map(r -> r.first() == r.last() ? "" + r.first() : r.first() + "-" + r.last())
                .toList();
        return String.join(", ", parts);
    }
}
