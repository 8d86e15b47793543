package dev.filigree.policies.registry;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** A checked option value. */
public sealed interface OptionValue {

    /** A whole number. */
    record Whole(long value) implements OptionValue {
        @Override
        public String toString() {
            return Long.toString(value);
        }
    }

    /** A number. */
    record Real(double value) implements OptionValue {
        @Override
        public String toString() {
            return Double.toString(value);
        }
    }

    /** Numbers, one or more. */
    record Reals(List<Double> values) implements OptionValue {
        /** Copies the list. */
        public Reals {
            values = List.copyOf(values);
        }

        @Override
        public String toString() {
            return values.size() == 1 ? values.getFirst().toString() : values.toString();
        }
    }

    /** A switch. */
    record Flag(boolean value) implements OptionValue {
        @Override
        public String toString() {
            return Boolean.toString(value);
        }
    }

    /** A word or text. */
    record Text(String value) implements OptionValue {
        @Override
        public String toString() {
            return value;
        }
    }

    /** A file, or none. */
    record File(Optional<Path> path) implements OptionValue {
        @Override
        public String toString() {
            return path.map(Path::toString).orElse("none");
        }
    }

    /** A policy. */
    record Nested(PolicySection section) implements OptionValue {
        @Override
        public String toString() {
            return section.toString();
        }
    }

    /** Policies with what they are for. */
    record NestedList(String selectorKey, List<Selected> sections) implements OptionValue {
        /** Copies the list. */
        public NestedList {
            sections = List.copyOf(sections);
        }

        @Override
        public String toString() {
            return sections.stream()
                    .map(s -> selectorKey + " " + s.selector() + ": " + s.section())
                    .collect(Collectors.joining("; ", "[", "]"));
        }
    }

    /**
     * One policy of a list.
     *
     * @param selector text of the selector key
     * @param section the policy
     */
    record Selected(String selector, PolicySection section) {}
}
