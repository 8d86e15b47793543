package dev.filigree.host.cli;

import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** An object of named values, written as indented JSON with keys in the order given. */
final class JsonReport {
    private final Map<String, Object> values = new LinkedHashMap<>();

    JsonReport put(String key, Object value) {
        values.put(key, value);
        return this;
    }

    Map<String, Object> values() {
        return values;
    }

    String text() throws IOException {
        DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
        printer.indentObjectsWith(new DefaultIndenter("  ", "\n"));
        printer.indentArraysWith(new DefaultIndenter("  ", "\n"));
        return JsonMapper.builder().build().writer(printer).writeValueAsString(values);
    }

    void write(Path file) throws IOException {
        Files.writeString(file, text() + "\n");
    }
}
