package dev.filigree.host.quantize;

import dev.filigree.host.chart.Html;
import dev.filigree.host.chart.LineChart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;

/** What quantizing did to every group, as one page: errors after each step, where time went, spectra and outliers. */
public final class QuantizeReport {
    private static final int MAX_CHANNELS = 512;

    private QuantizeReport() {}

    /** The page. */
    public static String html(String title, List<GroupReport> reports) {
        Html page = new Html(title)
                .heading(2, "Relative output error after each step")
                .table(
                        errorHeader(),
                        reports.stream().map(QuantizeReport::errors).toList())
                .heading(2, "Seconds by step")
                .table(List.of("group", "step", "seconds"), seconds(reports, GroupReport::seconds))
                .heading(2, "Seconds by kind of work")
                .table(List.of("group", "work", "seconds"), seconds(reports, GroupReport::profile));
        for (GroupReport report : reports) {
            page.heading(2, report.group())
                    .paragraph(String.format(
                            Locale.ROOT,
                            "smoothing alpha %.2f, beta %.2f; %d refinements; residual %.4f of the smoothed weight's norm;"
                                    + " decomposed by %s",
                            report.alpha(),
                            report.beta(),
                            report.iterations(),
                            report.residual(),
                            report.svd()))
                    .charts(charts(report));
        }
        return page.page();
    }

    /** Singular values before and after smoothing, and the largest magnitudes of channels, both in falling order. */
    public static List<LineChart> charts(GroupReport report) {
        List<LineChart> charts = new ArrayList<>();
        if (report.singularAfter().length > 0) {
            Map<String, List<Double>> spectra = new LinkedHashMap<>();
            spectra.put("weight", boxed(report.singularBefore()));
            spectra.put("smoothed weight", boxed(report.singularAfter()));
            charts.add(new LineChart("Singular values, " + report.group(), "index", "singular value", spectra));
        }
        Map<String, List<Double>> spans = new LinkedHashMap<>();
        float[] smoothed = report.xSpans().clone();
        for (int i = 0; i < smoothed.length; i++) {
            smoothed[i] /= report.smooth()[i];
        }
        spans.put("inputs", falling(report.xSpans()));
        spans.put("smoothed inputs", falling(smoothed));
        spans.put("weight columns", falling(report.wSpans()));
        if (spans.values().stream().flatMap(List::stream).anyMatch(value -> value > 0)) {
            charts.add(new LineChart("Outliers, " + report.group(), "channel, by size", "largest magnitude", spans));
        }
        return charts;
    }

    private static List<String> errorHeader() {
        List<String> header = new ArrayList<>(List.of("group"));
        header.addAll(GroupReport.STEPS);
        return header;
    }

    private static List<String> errors(GroupReport report) {
        List<String> row = new ArrayList<>(List.of(report.group()));
        for (String step : GroupReport.STEPS) {
            Double error = report.errors().get(step);
            row.add(error == null ? "" : String.format(Locale.ROOT, "%.5f", error));
        }
        return row;
    }

    private static List<List<String>> seconds(
            List<GroupReport> reports, Function<GroupReport, Map<String, Double>> times) {
        return reports.stream()
                .flatMap(report -> times.apply(report).entrySet().stream()
                        .map(entry -> List.of(
                                report.group(), entry.getKey(), String.format(Locale.ROOT, "%.2f", entry.getValue()))))
                .toList();
    }

    private static List<Double> boxed(double[] values) {
        return Arrays.stream(values).boxed().toList();
    }

    /** In falling order, at most so many of them, evenly taken. */
    private static List<Double> falling(float[] values) {
        double[] sorted = IntStream.range(0, values.length)
                .mapToDouble(i -> -values[i])
                .sorted()
                .toArray();
        int shown = Math.min(MAX_CHANNELS, sorted.length);
        return IntStream.range(0, shown)
                .mapToObj(i -> -sorted[(int) ((long) i * (sorted.length - 1) / Math.max(1, shown - 1))])
                .toList();
    }
}
