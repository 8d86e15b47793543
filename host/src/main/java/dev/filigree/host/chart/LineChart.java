package dev.filigree.host.chart;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Lines over places, heights on a logarithmic scale.
 *
 * @param title above the drawing
 * @param xAxis what places stand for
 * @param yAxis what heights stand for
 * @param lines heights by name, one per place; those that are not above 0 are left out
 */
public record LineChart(String title, String xAxis, String yAxis, Map<String, List<Double>> lines) {
    private static final int WIDTH = 460;
    private static final int HEIGHT = 240;
    private static final int LEFT = 58;
    private static final int TOP = 44;
    private static final List<String> COLOURS = List.of("#1f5fa8", "#d1641b", "#3a8f3a", "#8a3fa0");

    /** Copies the lines and checks that there is something to draw. */
    public LineChart {
        Map<String, List<Double>> copy = new LinkedHashMap<>();
        lines.forEach((name, heights) -> copy.put(name, List.copyOf(heights)));
        lines = java.util.Collections.unmodifiableMap(copy);
        if (lines.values().stream().flatMap(List::stream).noneMatch(LineChart::shown)) {
            throw new IllegalArgumentException("a chart needs a number above 0");
        }
    }

    private static boolean shown(double value) {
        return value > 0 && Double.isFinite(value);
    }

    /** The drawing as an {@code <svg>} element. */
    public String svg() {
        List<Double> all = new ArrayList<>();
        lines.values().forEach(line -> line.stream().filter(LineChart::shown).forEach(v -> all.add(Math.log10(v))));
        double low = Math.floor(all.stream().mapToDouble(v -> v).min().orElse(0));
        double high = Math.max(
                low + 1, Math.ceil(all.stream().mapToDouble(v -> v).max().orElse(1)));
        int places = lines.values().stream().mapToInt(List::size).max().orElse(1);
        StringBuilder svg = new StringBuilder(String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\""
                        + " font-size=\"12\">%n<title>%s</title>%n",
                LEFT + WIDTH + 16,
                TOP + HEIGHT + 44,
                Html.escape(title)));
        text(svg, 4, 16, "start", title, " font-weight=\"bold\"");
        text(svg, LEFT + WIDTH / 2, TOP + HEIGHT + 34, "middle", xAxis, " fill=\"#555\"");
        text(svg, 4, 34, "start", yAxis, " fill=\"#555\"");
        for (int decade = (int) low; decade <= high; decade++) {
            int y = (int) (TOP + HEIGHT * (high - decade) / (high - low));
            svg.append(String.format(
                    Locale.ROOT,
                    "<line x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\" stroke=\"#ddd\"/>%n",
                    LEFT,
                    LEFT + WIDTH,
                    y,
                    y));
            text(svg, LEFT - 6, y + 4, "end", "1e" + decade, "");
        }
        text(svg, LEFT, TOP + HEIGHT + 18, "middle", "1", "");
        text(svg, LEFT + WIDTH, TOP + HEIGHT + 18, "middle", Integer.toString(places), "");
        int index = 0;
        for (Map.Entry<String, List<Double>> line : lines.entrySet()) {
            draw(svg, line, index, places, low, high);
            index++;
        }
        return svg.append("</svg>\n").toString();
    }

    private static void draw(
            StringBuilder svg, Map.Entry<String, List<Double>> line, int index, int places, double low, double high) {
        String colour = COLOURS.get(index % COLOURS.size());
        StringBuilder points = new StringBuilder();
        for (int i = 0; i < line.getValue().size(); i++) {
            double value = line.getValue().get(i);
            if (shown(value)) {
                points.append(String.format(
                        Locale.ROOT,
                        "%.1f,%.1f ",
                        LEFT + WIDTH * (places == 1 ? 0 : (double) i / (places - 1)),
                        TOP + HEIGHT * (high - Math.log10(value)) / (high - low)));
            }
        }
        svg.append("<polyline fill=\"none\" stroke=\"").append(colour).append("\" stroke-width=\"1.5\" points=\"");
        svg.append(points.toString().strip()).append("\"/>\n");
        text(svg, LEFT + WIDTH - 4, TOP + 14 + 16 * index, "end", line.getKey(), " fill=\"" + colour + "\"");
    }

    private static void text(StringBuilder svg, int x, int y, String anchor, String text, String more) {
        svg.append(String.format(
                Locale.ROOT,
                "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\"%s>%s</text>%n",
                x,
                y,
                anchor,
                more,
                Html.escape(text)));
    }
}
