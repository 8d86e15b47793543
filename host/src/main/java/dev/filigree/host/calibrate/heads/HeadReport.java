package dev.filigree.host.calibrate.heads;

import dev.filigree.host.calibrate.heads.gradient.GateTraining;
import dev.filigree.host.chart.HeatMap;
import dev.filigree.host.chart.Html;
import dev.filigree.policies.table.HeadTable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What a calibration found, as text, JSON and HTML.
 *
 * @param method how
 * @param settings with what
 * @param data on what
 * @param scores per KV head; for trained gates unclipped
 * @param secondary breaks ties among equal gates
 * @param history training steps, empty for other methods
 * @param seconds it took
 */
public record HeadReport(
        HeadMethod method,
        GateTraining.Settings settings,
        String data,
        HeadTable scores,
        HeadTable secondary,
        List<GateTraining.Progress> history,
        double seconds) {
    private static final int HISTORY_ROWS = 20;

    /** Copies the list. */
    public HeadReport {
        history = List.copyOf(history);
    }

    /** The result as the duoattention policy reads it; scores without an upper bound are divided by the largest. */
    public Gates gates() {
        return method == HeadMethod.GRADIENT
                ? new Gates(method, settings.pattern(), scores, secondary)
                : new Gates(method, settings.pattern(), HeadRanking.scaled(scores), scores);
    }

    /** Heads, the surest retrieval head first. */
    public List<HeadRanking.Head> ranking() {
        return gates().ranking();
    }

    /** One line per head. */
    public String text() {
        StringBuilder text = new StringBuilder(heading()).append("\n rank  head        score\n");
        List<HeadRanking.Head> ranking = ranking();
        for (int i = 0; i < ranking.size(); i++) {
            HeadRanking.Head head = ranking.get(i);
            text.append(String.format(
                    Locale.ROOT, "%5d  %-6s %10.6f%n", i + 1, head, scores.of(head.layer(), head.head())));
        }
        return text.toString();
    }

    private String heading() {
        return String.format(
                Locale.ROOT,
                "%s: %s; %s; %d samples, %.1f s",
                method.id(),
                method.title(),
                settings.pattern(),
                settings.numSamples(),
                seconds);
    }

    /** Everything, for programs: keys and values that are texts, numbers, lists and maps. */
    public Map<String, Object> json() {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("method", method.id());
        root.put("sink", settings.pattern().sink());
        root.put("recent", settings.pattern().recent());
        root.put("data", data);
        root.put("numSamples", settings.numSamples());
        root.put("seconds", seconds);
        if (method == HeadMethod.GRADIENT) {
            root.put("numSteps", settings.numSteps());
            root.put("peakRate", settings.peakRate());
            root.put("penalty", settings.penalty());
        }
        root.put(
                "ranking",
                ranking().stream()
                        .map(head -> Map.of(
                                "head", head.toString(),
                                "score", scores.of(head.layer(), head.head()),
                                "tieBreak", secondary.of(head.layer(), head.head())))
                        .toList());
        root.put(
                "history",
                history.stream()
                        .map(step -> Map.of("step", step.step(), "loss", step.loss(), "penalty", step.penalty()))
                        .toList());
        return root;
    }

    /** The drawing of all heads. */
    public HeatMap map() {
        HeadTable values = gates().table();
        double high = values.rows().stream()
                .flatMap(List::stream)
                .mapToDouble(Float::doubleValue)
                .max()
                .orElse(1);
        return new HeatMap(
                method.title(),
                "layer",
                "KV head",
                labels(values.numLayers()),
                labels(values.numHeads()),
                IntStream.range(0, values.numLayers())
                        .mapToObj(l -> IntStream.range(0, values.numHeads())
                                .mapToObj(h -> (double) values.of(l, h))
                                .toList())
                        .toList(),
                0,
                high,
                "%.2f");
    }

    private static List<String> labels(int count) {
        return IntStream.range(0, count).mapToObj(Integer::toString).toList();
    }

    /** One self-contained page over several methods of one model. */
    public static String html(String model, List<HeadReport> reports) {
        Html page = new Html("Retrieval heads of " + model);
        page.paragraph(
                "Darker heads need the whole past; pale ones make do with sink and recent tokens. Scores other than"
                        + " trained gates are divided by the largest.");
        page.drawings(reports.stream().map(HeadReport::map).toList());
        for (HeadReport report : reports) {
            page.heading(2, report.method().title());
            page.paragraph(report.heading() + "; data: " + report.data());
            page.table(List.of("rank", "head", "score"), report.rows());
            if (!report.history().isEmpty()) {
                page.table(List.of("step", "distillation loss", "L1 term"), report.historyRows());
            }
        }
        return page.page();
    }

    private List<List<String>> rows() {
        List<HeadRanking.Head> ranking = ranking();
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < ranking.size(); i++) {
            HeadRanking.Head head = ranking.get(i);
            rows.add(List.of(
                    Integer.toString(i + 1),
                    head.toString(),
                    String.format(Locale.ROOT, "%.6f", scores.of(head.layer(), head.head()))));
        }
        return rows;
    }

    private List<List<String>> historyRows() {
        int stride = Math.max(1, history.size() / HISTORY_ROWS);
        return IntStream.range(0, history.size())
                .filter(i -> i % stride == 0 || i == history.size() - 1)
                .mapToObj(i -> List.of(
                        Integer.toString(history.get(i).step()),
                        String.format(Locale.ROOT, "%.6f", history.get(i).loss()),
                        String.format(Locale.ROOT, "%.4f", history.get(i).penalty())))
                .toList();
    }
}
