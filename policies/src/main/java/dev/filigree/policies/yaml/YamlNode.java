package dev.filigree.policies.yaml;

import java.util.List;

/** What a YAML or JSON file holds, with line numbers. */
public sealed interface YamlNode {

    /** 1-based. */
    int line();

    /** For messages: what stands there. */
    String describe();

    /** Text; unquoted text may stand for a number or a switch. */
    record Scalar(String text, boolean quoted, int line) implements YamlNode {
        /** Whether nothing stands there, or null. */
        public boolean isEmpty() {
            return !quoted && (text.isEmpty() || text.equals("~") || text.equals("null"));
        }

        @Override
        public String describe() {
            if (isEmpty()) {
                return "nothing";
            }
            boolean number = !quoted && !text.isEmpty() && "+-.0123456789".indexOf(text.charAt(0)) >= 0;
            String shown = text.length() > 60 ? text.substring(0, 60) + "..." : text;
            return (quoted ? "the quoted text " : "") + (number ? shown : '"' + shown + '"');
        }
    }

    /** Keys and values in file order, duplicates included. */
    record Mapping(List<Entry> entries, int line) implements YamlNode {
        @Override
        public String describe() {
            return "a section";
        }
    }

    /** A list. */
    record Sequence(List<YamlNode> items, int line) implements YamlNode {
        @Override
        public String describe() {
            return "a list";
        }
    }

    /** One key and its value. */
    record Entry(String key, int line, YamlNode value) {}
}
