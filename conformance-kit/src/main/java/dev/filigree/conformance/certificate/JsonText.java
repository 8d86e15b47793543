package dev.filigree.conformance.certificate;

import java.util.List;
import java.util.Map;

/** Writes maps, lists, text, numbers and booleans as indented JSON. The kit reads none, so it needs no library. */
final class JsonText {
    private JsonText() {}

    static String of(Object value) {
        StringBuilder text = new StringBuilder();
        write(text, value, "\n");
        return text.append('\n').toString();
    }

    private static void write(StringBuilder text, Object value, String lineStart) {
        String deeper = lineStart + "  ";
        switch (value) {
            case Map<?, ?> map -> {
                String separator = "{" + deeper;
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    text.append(separator)
                            .append(quote(entry.getKey().toString()))
                            .append(": ");
                    write(text, entry.getValue(), deeper);
                    separator = "," + deeper;
                }
                text.append(map.isEmpty() ? "{}" : lineStart + "}");
            }
            case List<?> list -> {
                String separator = "[" + deeper;
                for (Object element : list) {
                    text.append(separator);
                    write(text, element, deeper);
                    separator = "," + deeper;
                }
                text.append(list.isEmpty() ? "[]" : lineStart + "]");
            }
            case Double number -> text.append(Double.isFinite(number) ? number.toString() : quote(number.toString()));
            case Number number -> text.append(number);
            case Boolean truth -> text.append(truth);
            default -> text.append(quote(value.toString()));
        }
    }

    /** A JSON string; what is no plain ASCII or Latin letter is escaped as far as JSON asks for it. */
    static String quote(String value) {
        StringBuilder text = new StringBuilder("\"");
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '"' -> text.append("\\\"");
                case '\\' -> text.append("\\\\");
                case '\n' -> text.append("\\n");
                case '\t' -> text.append("\\t");
                default -> {
                    if (c < 0x20 || Character.isSurrogate(c)) {
                        text.append(String.format("\\u%04x", (int) c));
                    } else {
                        text.append(c);
                    }
                }
            }
        }
        return text.append('"').toString();
    }
}
