package dev.filigree.host.cli;

import dev.filigree.host.Generation;
import dev.filigree.host.ServingLoad;
import dev.filigree.policies.registry.PolicySection;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** What runs took and gave, one column per config. */
final class RunSummary {
    private static final int MAX_CELL = 60;

    private final List<RunOutcome> outcomes;
    private final Optional<String> expected;

    RunSummary(List<RunOutcome> outcomes, Optional<String> expected) {
        this.outcomes = List.copyOf(outcomes);
        this.expected = expected;
    }

    boolean firstIsRight() {
        return isRight(outcomes.getFirst());
    }

    private boolean isRight(RunOutcome outcome) {
        return expected.map(text -> outcome.generation().text().startsWith(text))
                .orElse(true);
    }

    String table() {
        TextTable table = new TextTable();
        row(table, "config", o -> o.config().file().toString());
        row(table, "attention", o -> policy(o.config().attention()));
        row(table, "KV cache", o -> policy(o.config().kvCache()));
        row(table, "linear", o -> policy(o.config().linear()) + " (" + String.join(", ", o.linearSchemes()) + ")");
        row(table, "prefill", o -> {
            Generation.Timing t = o.generation().timing();
            return t.promptTokens() + " tokens, " + Units.seconds(t.prefillNanos()) + ", "
                    + Units.rate(t.prefillTokensPerSecond()) + " tokens/s";
        });
        row(table, "decode", o -> {
            Generation.Timing t = o.generation().timing();
            return o.generation().tokens().size() + " tokens, "
                    + Units.rate(t.decodeTokensPerSecond()) + " tokens/s, ended by "
                    + o.generation().finish().name().toLowerCase(Locale.ROOT).replace('_', ' ');
        });
        row(
                table,
                "density",
                o -> Units.percent(o.prefillDensity()) + " prefill, " + Units.percent(o.decodeDensity()) + " decode");
        row(table, "KV bytes", o -> Units.bytes(o.kvBytes()));
        row(table, "admission", o -> o.admission());
        row(table, "requests", o -> {
            ServingLoad load = o.load();
            return load.admittedRequests() + " admitted, " + load.refusedRequests() + " refused, "
                    + load.cache().prefixHits() + " began with a kept prefix";
        });
        row(table, "answer", o -> shown(o.generation().text()));
        if (expected.isPresent()) {
            row(table, "expected", o -> shown(expected.get()) + (isRight(o) ? "  right" : "  WRONG"));
        }
        return table + backends();
    }

    private String backends() {
        StringBuilder text = new StringBuilder();
        List<String> lines =
                outcomes.stream().map(RunOutcome::backend).distinct().toList();
        lines.forEach(line -> text.append(line).append('\n'));
        return text.toString();
    }

    private void row(TextTable table, String name, Function<RunOutcome, String> cell) {
        List<String> cells = new ArrayList<>();
        cells.add(name);
        outcomes.forEach(outcome -> cells.add(cell.apply(outcome)));
        table.row(cells);
    }

    private static String policy(PolicySection section) {
        return section.policy();
    }

    private static String shown(String text) {
        String line = text.replace("\n", "\\n");
        return line.length() <= MAX_CELL ? line : line.substring(0, MAX_CELL) + "...";
    }

    JsonReport json(String prompt) {
        JsonReport report = new JsonReport().put("promptCharacters", prompt.length());
        expected.ifPresent(text -> report.put("expected", text));
        return report.put("runs", outcomes.stream().map(this::json).toList());
    }

    private Map<String, Object> json(RunOutcome o) {
        Generation.Timing t = o.generation().timing();
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("config", o.config().file().toString());
        values.put("backend", o.backend());
        values.put("attention", o.config().attention().policy());
        values.put("kvCache", o.config().kvCache().policy());
        values.put("linear", o.config().linear().policy());
        values.put("linearSchemes", List.copyOf(o.linearSchemes()));
        values.put("openSeconds", o.openNanos() / 1e9);
        values.put("promptTokens", t.promptTokens());
        values.put("prefillSeconds", t.prefillNanos() / 1e9);
        values.put("prefillTokensPerSecond", t.prefillTokensPerSecond());
        values.put("decodeTokens", t.decodeTokens());
        values.put("decodeSeconds", t.decodeNanos() / 1e9);
        values.put("decodeTokensPerSecond", t.decodeTokensPerSecond());
        values.put("prefillDensity", o.prefillDensity());
        values.put("decodeDensity", o.decodeDensity());
        values.put("kvBytes", o.kvBytes());
        values.put("admission", o.admission());
        values.put("admittedRequests", o.load().admittedRequests());
        values.put("refusedRequests", o.load().refusedRequests());
        values.put("prefixHits", o.load().cache().prefixHits());
        values.put("finish", o.generation().finish().name());
        values.put("answer", o.generation().text());
        values.put("tokens", o.generation().tokens());
        expected.ifPresent(text -> values.put("right", isRight(o)));
        return values;
    }
}
