package dev.filigree.host.tokenizer.pretokenizer;

import dev.filigree.host.json.JsonValue;
import java.util.ArrayList;
import java.util.List;

/** What happens to the matched spans of a split: the {@code behavior} of a tokenizer.json. */
enum SplitBehavior {
    REMOVED("Removed"),
    ISOLATED("Isolated"),
    MERGED_WITH_PREVIOUS("MergedWithPrevious"),
    MERGED_WITH_NEXT("MergedWithNext"),
    CONTIGUOUS("Contiguous");

    private final String jsonName;

    SplitBehavior(String jsonName) {
        this.jsonName = jsonName;
    }

    static SplitBehavior read(JsonValue json) {
        for (SplitBehavior behavior : values()) {
            if (behavior.jsonName.equals(json.string())) {
                return behavior;
            }
        }
        throw json.notA("\"Removed\", \"Isolated\", \"MergedWithPrevious\", \"MergedWithNext\", \"Contiguous\"");
    }

    /** Applies this behavior to consecutive spans that cover the text, some of them matches. */
    List<Span> apply(List<Span> spans) {
        return switch (this) {
            case ISOLATED -> spans;
            case REMOVED -> spans.stream().filter(span -> !span.match()).toList();
            case CONTIGUOUS -> merge(spans, (last, next) -> last.match() == next.match());
            case MERGED_WITH_PREVIOUS -> merge(spans, (last, next) -> !last.match() && next.match());
            case MERGED_WITH_NEXT -> merge(spans, (last, next) -> last.match() && !next.match());
        };
    }

    @FunctionalInterface
    private interface Joins {
        boolean test(Span last, Span next);
    }

    /** Joins a span to its predecessor in {@code spans} where {@code joins} says so of the two, each as it was found. */
    private static List<Span> merge(List<Span> spans, Joins joins) {
        List<Span> out = new ArrayList<>(spans.size());
        for (int i = 0; i < spans.size(); i++) {
            Span next = spans.get(i);
            if (i > 0 && joins.test(spans.get(i - 1), next)) {
                Span last = out.removeLast();
                out.add(new Span(last.start(), next.end(), next.match()));
            } else {
                out.add(next);
            }
        }
        return out;
    }

    /** Characters {@code [start, end)}. */
    record Span(int start, int end, boolean match) {}
}
