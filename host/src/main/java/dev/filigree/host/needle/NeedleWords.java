package dev.filigree.host.needle;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The lists of {@code words.txt} by name: what the text is made of. */
final class NeedleWords {
    private static final String FILE = "words.txt";

    private final Map<String, List<String>> lists;

    private NeedleWords(Map<String, List<String>> lists) {
        this.lists = lists;
    }

    static NeedleWords load() {
        Map<String, List<String>> lists = new LinkedHashMap<>();
        try (InputStream in = NeedleWords.class.getResourceAsStream(FILE)) {
            if (in == null) {
                throw new IllegalStateException(FILE + " is missing from this build");
            }
            BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII));
            List<String> current = new ArrayList<>();
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                if (line.startsWith("[")) {
                    current = new ArrayList<>();
                    lists.put(line.substring(1, line.length() - 1), current);
                } else if (!line.startsWith("#")) {
                    add(line, current);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new NeedleWords(lists);
    }

    private static void add(String line, List<String> list) {
        for (String word : line.split("\\|")) {
            if (!word.isBlank()) {
                list.add(word.strip());
            }
        }
    }

    List<String> list(String name) {
        List<String> list = lists.get(name);
        if (list == null) {
            throw new IllegalStateException(FILE + " has no list [" + name + "], only " + lists.keySet());
        }
        return list;
    }
}
