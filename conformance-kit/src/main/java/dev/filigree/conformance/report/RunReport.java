package dev.filigree.conformance.report;

import dev.filigree.conformance.rule.Area;
import dev.filigree.conformance.rule.Level;
import dev.filigree.conformance.rule.Rule;
import dev.filigree.conformance.run.CaseResult;
import dev.filigree.conformance.run.CaseResult.Status;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Results of one run against one backend. Not thread-safe. */
public final class RunReport {
    private static final int MAX_REASONS = 12;

    private final String backend;
    private final long freshSeed;
    private final List<CaseResult> results = new ArrayList<>();

    /**
     * An empty report.
     *
     * @param backend name and device, for the heading
     * @param freshSeed seed of the round that differs from run to run
     */
    public RunReport(String backend, long freshSeed) {
        this.backend = backend;
        this.freshSeed = freshSeed;
    }

    /** Adds a result. */
    public void add(CaseResult result) {
        results.add(result);
    }

    /** All results so far. */
    public List<CaseResult> results() {
        return List.copyOf(results);
    }

    /** How many executions ended in a way. */
    public long count(Status status) {
        return results.stream().filter(result -> result.status() == status).count();
    }

    /** Executions that decided something: neither unsupported nor absent. */
    public long executed() {
        return count(Status.PASSED) + count(Status.FAILED);
    }

    /** Whether a required rule was broken, or nothing ran at all. */
    public boolean failed() {
        return executed() == 0 || failures(Level.REQUIRED) > 0;
    }

    private long failures(Level level) {
        return results.stream()
                .filter(result -> result.status() == Status.FAILED && level(result) == level)
                .count();
    }

    private static Level level(CaseResult result) {
        return result.brokenRule().orElse(result.executed().rule()).level();
    }

    /** The summary as text. */
    public String text() {
        StringBuilder text =
                new StringBuilder("conformance of ").append(backend).append('\n');
        results.stream()
                .filter(result -> result.status() == Status.FAILED)
                .forEach(result -> text.append("  FAILED ")
                        .append(result.executed().id())
                        .append("\n    ")
                        .append(result.message())
                        .append("\n    again: ")
                        .append(result.replay())
                        .append('\n'));
        reasons(text);
        areas(text);
        long untested = Arrays.stream(Rule.values())
                .filter(rule -> rule.level() == Level.UNTESTED)
                .count();
        text.append(String.format(
                Locale.ROOT,
                "  %d executions: %d passed, %d required and %d optional failed, %d unsupported; %d rules untested;"
                        + " %.1f s; fresh seed %d%n",
                results.size(),
                count(Status.PASSED),
                failures(Level.REQUIRED),
                failures(Level.OPTIONAL),
                count(Status.UNSUPPORTED),
                untested,
                results.stream().mapToLong(CaseResult::nanos).sum() / 1e9,
                freshSeed));
        if (executed() == 0) {
            text.append("  FAILED: no case ran, so nothing was shown\n");
        }
        return text.toString();
    }

    private void reasons(StringBuilder text) {
        Map<String, Long> reasons = results.stream()
                .filter(result -> result.status() == Status.UNSUPPORTED)
                .collect(Collectors.groupingBy(CaseResult::message, TreeMap::new, Collectors.counting()));
        reasons.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .limit(MAX_REASONS)
                .forEach(entry -> text.append("  unsupported, ")
                        .append(entry.getValue())
                        .append(" times: ")
                        .append(entry.getKey())
                        .append('\n'));
        if (reasons.size() > MAX_REASONS) {
            text.append("  and ").append(reasons.size() - MAX_REASONS).append(" further reasons\n");
        }
    }

    private void areas(StringBuilder text) {
        for (Area area : Area.values()) {
            List<CaseResult> part = results.stream()
                    .filter(result -> result.executed().rule().area() == area)
                    .toList();
            if (part.isEmpty()) {
                continue;
            }
            CaseResult closest = part.stream()
                    .filter(result -> result.status() == Status.PASSED)
                    .max(Comparator.comparingDouble(CaseResult::margin))
                    .orElse(part.getFirst());
            text.append(String.format(
                    Locale.ROOT,
                    "  %-24s %5d passed %4d failed %4d unsupported, closest to its tolerance: %.0f%% by %s%n",
                    area.title(),
                    part.stream().filter(r -> r.status() == Status.PASSED).count(),
                    part.stream().filter(r -> r.status() == Status.FAILED).count(),
                    part.stream().filter(r -> r.status() == Status.UNSUPPORTED).count(),
                    100 * closest.margin(),
                    closest.executed().id()));
        }
    }
}
