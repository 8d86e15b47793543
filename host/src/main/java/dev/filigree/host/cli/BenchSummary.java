package dev.filigree.host.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What configs cost, one row per config and length. */
final class BenchSummary {
    private final List<BenchOutcome> outcomes;

    BenchSummary(List<BenchOutcome> outcomes) {
        this.outcomes = List.copyOf(outcomes);
    }

    boolean anyRan() {
        return outcomes.stream().anyMatch(BenchOutcome::ran);
    }

    String table() {
        TextTable table = new TextTable()
                .row(
                        "config",
                        "tokens",
                        "first token",
                        "prompt tokens/s",
                        "per token",
                        "tokens/s",
                        "density",
                        "KV bytes",
                        "linear");
        outcomes.forEach(outcome -> table.row(cells(outcome)));
        StringBuilder text = new StringBuilder().append(table);
        outcomes.stream()
                .filter(BenchOutcome::ran)
                .map(BenchOutcome::backend)
                .distinct()
                .forEach(line -> text.append(line).append('\n'));
        return text.toString();
    }

    private static List<String> cells(BenchOutcome o) {
        List<String> cells = new ArrayList<>();
        cells.add(String.valueOf(o.config().file()));
        cells.add(String.valueOf(o.tokens()));
        if (!o.ran()) {
            cells.add("does not fit: " + o.failure());
            return cells;
        }
        cells.add(o.read() ? Units.seconds(o.promptNanos()) : "filled");
        cells.add(o.read() ? Units.rate(o.tokens() / (o.promptNanos() / 1e9)) : "-");
        cells.add(String.format(Locale.ROOT, "%.2f ms", o.decodeNanos() / 1e6));
        cells.add(Units.rate(1e9 / o.decodeNanos()));
        cells.add(Units.percent(o.prefillDensity()) + " prefill, " + Units.percent(o.decodeDensity()) + " decode");
        cells.add(Units.bytes(o.kvBytes()));
        cells.add(String.join(", ", o.linearSchemes()));
        return cells;
    }

    JsonReport json() {
        return new JsonReport()
                .put("runs", outcomes.stream().map(BenchSummary::json).toList());
    }

    private static Map<String, Object> json(BenchOutcome o) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("config", String.valueOf(o.config().file()));
        values.put("tokens", o.tokens());
        if (!o.ran()) {
            values.put("failure", o.failure());
            return values;
        }
        values.put("backend", o.backend());
        values.put("linearSchemes", List.copyOf(o.linearSchemes()));
        if (o.read()) {
            values.put("firstRoundSeconds", o.firstNanos() / 1e9);
            values.put("firstTokenSeconds", o.promptNanos() / 1e9);
        }
        values.put("millisPerToken", o.decodeNanos() / 1e6);
        values.put("prefillDensity", o.prefillDensity());
        values.put("decodeDensity", o.decodeDensity());
        values.put("kvBytes", o.kvBytes());
        values.put("kvPoolBytes", o.kvPoolBytes());
        return values;
    }
}
