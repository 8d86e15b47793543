package dev.filigree.policies.table;

import dev.filigree.policies.yaml.YamlNode;
import dev.filigree.policies.yaml.YamlParser;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Tables in a JSON object. */
final class JsonTables {
    private static final String PREFIX = "filigree-";

    private JsonTables() {}

    static HeadTableFile parse(Path file, String text) throws TableException {
        YamlNode root;
        try {
            root = YamlParser.parse(text, file.toString());
        } catch (YamlParser.RefusedException e) {
            throw new TableException(file + ":" + e.line() + " " + e.getMessage());
        }
        if (!(root instanceof YamlNode.Mapping object)) {
            throw new TableException(file + " must hold an object, not " + root.describe());
        }
        String kind = kind(file, object);
        Map<String, HeadTable> tables = new LinkedHashMap<>();
        for (YamlNode.Entry entry : object.entries()) {
            if (entry.value() instanceof YamlNode.Sequence rows) {
                tables.put(entry.key().equals(kind) ? "" : entry.key(), table(file, rows));
            }
        }
        return new HeadTableFile(file, kind, tables);
    }

    private static String kind(Path file, YamlNode.Mapping object) throws TableException {
        for (YamlNode.Entry entry : object.entries()) {
            if (entry.key().equals("format")
                    && entry.value() instanceof YamlNode.Scalar scalar
                    && scalar.text().startsWith(PREFIX)) {
                return scalar.text().substring(PREFIX.length());
            }
        }
        throw new TableException(file + " must have a key \"format\" that begins with \"" + PREFIX + "\"");
    }

    private static HeadTable table(Path file, YamlNode.Sequence list) throws TableException {
        List<List<Float>> rows = new ArrayList<>();
        for (YamlNode item : list.items()) {
            if (!(item instanceof YamlNode.Sequence numbers)) {
                throw new TableException(
                        file + ":" + item.line() + " must hold a list of numbers, not " + item.describe());
            }
            List<Float> row = new ArrayList<>();
            for (YamlNode number : numbers.items()) {
                String word = number instanceof YamlNode.Scalar scalar ? scalar.text() : number.describe();
                row.add(Numbers.finite(file, number.line(), word));
            }
            Numbers.requireSameWidth(file, item.line(), rows, row);
            rows.add(row);
        }
        return new HeadTable(rows);
    }
}
