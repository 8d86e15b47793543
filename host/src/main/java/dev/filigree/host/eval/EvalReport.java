package dev.filigree.host.eval;

import dev.filigree.host.chart.HeatMap;
import dev.filigree.host.chart.Html;
import dev.filigree.host.needle.NeedleTask;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * What one config did with a plan.
 *
 * @param config its name
 * @param backend what computed, and why
 * @param results outcomes in the plan's order
 * @param heads what heads computed with a sample prompt, if it was measured
 */
public record EvalReport(String config, String backend, List<EvalResult> results, Optional<HeadDensity> heads) {
    private static final int DEPTH_STEPS = 10;

    /** Copies the list. */
    public EvalReport {
        results = List.copyOf(results);
    }

    /** One line of the table: a task at a size. */
    private record Line(
            NeedleTask task,
            int size,
            int prompts,
            double exact,
            double prefillDensity,
            double kvBytes,
            double prefillSeconds,
            double decodeSeconds) {}

    private List<Line> lines() {
        List<Line> lines = new ArrayList<>();
        for (int size : sizes()) {
            for (NeedleTask task : NeedleTask.values()) {
                List<EvalResult> some = results.stream()
                        .filter(r -> r.size() == size && r.task() == task)
                        .toList();
                if (!some.isEmpty()) {
                    lines.add(new Line(
                            task,
                            size,
                            some.size(),
                            mean(some, r -> r.exact() ? 1 : 0),
                            mean(some, EvalResult::prefillDensity),
                            mean(some, EvalResult::kvBytes),
                            mean(some, EvalResult::prefillSeconds),
                            mean(some, EvalResult::decodeSeconds)));
                }
            }
        }
        return lines;
    }

    private TreeSet<Integer> sizes() {
        TreeSet<Integer> sizes = new TreeSet<>();
        results.forEach(r -> sizes.add(r.size()));
        return sizes;
    }

    private static double mean(List<EvalResult> results, ToDoubleFunction<EvalResult> value) {
        return results.stream().mapToDouble(value).average().orElse(Double.NaN);
    }

    /** Header of {@link #rows}. */
    public static List<String> header() {
        return List.of(
                "config", "task", "tokens", "prompts", "exact", "planned density", "KV MiB", "prefill s", "decode s");
    }

    /** One row per task and size. */
    public List<List<String>> rows() {
        return lines().stream()
                .map(line -> List.of(
                        config,
                        line.task().id(),
                        Integer.toString(line.size()),
                        Integer.toString(line.prompts()),
                        number("%.1f %%", 100 * line.exact()),
                        number("%.1f %%", 100 * line.prefillDensity()),
                        number("%.2f", line.kvBytes() / (1 << 20)),
                        number("%.2f", line.prefillSeconds()),
                        number("%.2f", line.decodeSeconds())))
                .toList();
    }

    private static String number(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }

    /** Everything, for programs: keys and values that are texts, numbers, lists and maps. */
    public Map<String, Object> json() {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("config", config);
        root.put("backend", backend);
        root.put("table", lines().stream().map(EvalReport::json).toList());
        heads.ifPresent(h -> root.put(
                "heads",
                Map.of(
                        "prompt", h.prompt(),
                        "retention", h.retention(),
                        "density", h.density(),
                        "recall", h.recall(),
                        "meanDensity", h.meanDensity(),
                        "meanRecall", h.meanRecall(),
                        "attentionSeconds", h.times().attention(),
                        "choosingSeconds", h.times().choosing())));
        root.put(
                "misses",
                results.stream()
                        .filter(r -> !r.exact())
                        .map(r -> Map.of("id", r.id(), "expected", r.expected(), "answer", r.answer()))
                        .toList());
        return root;
    }

    private static Map<String, Object> json(Line line) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("task", line.task().id());
        values.put("tokens", line.size());
        values.put("prompts", line.prompts());
        values.put("exact", line.exact());
        values.put("plannedPrefillDensity", line.prefillDensity());
        values.put("kvBytes", line.kvBytes());
        values.put("prefillSeconds", line.prefillSeconds());
        values.put("decodeSeconds", line.decodeSeconds());
        return values;
    }

    /** Exact match by depth and size, one drawing per task. */
    private List<HeatMap> maps() {
        List<Integer> sizes = List.copyOf(sizes());
        List<Integer> steps =
                results.stream().map(EvalReport::step).distinct().sorted().toList();
        return results.stream()
                .map(EvalResult::task)
                .distinct()
                .map(task -> new HeatMap(
                        task.id() + ", exact match in %",
                        "depth",
                        "tokens",
                        steps.stream()
                                .map(step -> 100 * step / DEPTH_STEPS + " %")
                                .toList(),
                        sizes.stream().map(size -> Integer.toString(size)).toList(),
                        steps.stream()
                                .map(step -> sizes.stream()
                                        .map(size -> cell(task, size, step))
                                        .toList())
                                .toList(),
                        0,
                        100,
                        "%.0f"))
                .toList();
    }

    private static int step(EvalResult result) {
        return (int) Math.round(result.depth() * DEPTH_STEPS);
    }

    private double cell(NeedleTask task, int size, int step) {
        return 100
                * mean(
                        results.stream()
                                .filter(r -> r.task() == task && r.size() == size && step(r) == step)
                                .toList(),
                        r -> r.exact() ? 1 : 0);
    }

    /** One self-contained page over all configs. */
    public static String html(String title, List<EvalReport> reports) {
        Html page = new Html(title);
        List<NeedleTask> tasks = Arrays.stream(NeedleTask.values())
                .filter(task -> reports.stream().anyMatch(report -> report.asks(task)))
                .toList();
        List<List<String>> overview = new ArrayList<>();
        reports.forEach(report -> overview.addAll(report.overview(tasks)));
        page.table(overviewHeader(tasks), overview);
        for (EvalReport report : reports) {
            page.heading(2, report.config());
            page.paragraph(report.backend());
            page.drawings(report.maps());
            report.heads.ifPresent(h -> {
                page.paragraph(String.format(
                        Locale.ROOT,
                        "Measured with %s: density %.1f %%, recall %.2f %% of the exact attention mass; attention took %.3f s, "
                                + "%.3f s of it to choose blocks.",
                        h.prompt(),
                        100 * h.meanDensity(),
                        100 * h.meanRecall(),
                        h.times().attention(),
                        h.times().choosing()));
                page.drawings(List.of(
                        perHead("heads kept whole (1)", "KV head", h.retention(), "%.0f"),
                        perHead("density of query heads", "query head", h.density(), "%.2f"),
                        perHead("recall of query heads", "query head", h.recall(), "%.2f")));
            });
            if (report.misses().isEmpty()) {
                page.paragraph("Nothing was missed.");
            } else {
                page.table(List.of("missed", "expected", "answer"), report.misses());
            }
        }
        List<List<String>> rows = new ArrayList<>();
        reports.forEach(report -> rows.addAll(report.rows()));
        return page.heading(2, "Every task").table(header(), rows).page();
    }

    private boolean asks(NeedleTask task) {
        return results.stream().anyMatch(result -> result.task() == task);
    }

    private static List<String> overviewHeader(List<NeedleTask> tasks) {
        List<String> header = new ArrayList<>(List.of("config", "tokens"));
        tasks.forEach(task -> header.add(task.id()));
        header.addAll(List.of("probe density", "probe recall", "KV MiB", "prefill s"));
        return header;
    }

    /** One row per size: exact match of each task, and what the config costs. */
    private List<List<String>> overview(List<NeedleTask> tasks) {
        List<List<String>> rows = new ArrayList<>();
        for (int size : sizes()) {
            List<EvalResult> all =
                    results.stream().filter(r -> r.size() == size).toList();
            List<String> row = new ArrayList<>(List.of(config, Integer.toString(size)));
            for (NeedleTask task : tasks) {
                List<EvalResult> some =
                        all.stream().filter(r -> r.task() == task).toList();
                row.add(some.isEmpty() ? "-" : number("%.0f %%", 100 * mean(some, r -> r.exact() ? 1 : 0)));
            }
            row.add(heads.map(h -> number("%.1f %%", 100 * h.meanDensity())).orElse("-"));
            row.add(heads.map(h -> number("%.1f %%", 100 * h.meanRecall())).orElse("-"));
            row.add(number("%.1f", mean(all, EvalResult::kvBytes) / (1 << 20)));
            row.add(number("%.2f", mean(all, EvalResult::prefillSeconds)));
            rows.add(row);
        }
        return rows;
    }

    private List<List<String>> misses() {
        return results.stream()
                .filter(r -> !r.exact())
                .map(r -> List.of(r.id(), r.expected(), r.answer()))
                .toList();
    }

    private static HeatMap perHead(String title, String column, List<List<Double>> cells, String format) {
        return new HeatMap(
                title,
                "layer",
                column,
                labels(cells.size()),
                labels(cells.isEmpty() ? 0 : cells.getFirst().size()),
                cells,
                0,
                1,
                format);
    }

    private static List<String> labels(int count) {
        return IntStream.range(0, count).mapToObj(Integer::toString).toList();
    }
}
