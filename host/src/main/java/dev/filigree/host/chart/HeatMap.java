package dev.filigree.host.chart;

import java.util.List;
import java.util.Locale;

/**
 * A table of coloured cells.
 *
 * @param title above the drawing
 * @param rowAxis what rows stand for
 * @param columnAxis what columns stand for
 * @param rows row labels
 * @param columns column labels
 * @param cells {@code [rows][columns]}, NaN where there is nothing
 * @param low value of the palest colour
 * @param high value of the deepest colour
 * @param format of the number in a cell, for {@link String#format}
 */
public record HeatMap(
        String title,
        String rowAxis,
        String columnAxis,
        List<String> rows,
        List<String> columns,
        List<List<Double>> cells,
        double low,
        double high,
        String format) {
    private static final int CELL_WIDTH = 52;
    private static final int CELL_HEIGHT = 26;
    private static final int LEFT = 78;
    private static final int TOP = 58;
    private static final int TITLE_CHARACTER = 8;

    /** Copies the lists and checks that they fit together. */
    public HeatMap {
        rows = List.copyOf(rows);
        columns = List.copyOf(columns);
        cells = cells.stream().map(List::copyOf).toList();
        int width = columns.size();
        if (cells.size() != rows.size() || cells.stream().anyMatch(row -> row.size() != width)) {
            throw new IllegalArgumentException(
                    "a heat map of " + rows.size() + " rows and " + width + " columns needs as many cells");
        }
    }

    /** The drawing as an {@code <svg>} element. */
    public String svg() {
        int width = Math.max(LEFT + columns.size() * CELL_WIDTH, TITLE_CHARACTER * title.length()) + 10;
        int height = TOP + rows.size() * CELL_HEIGHT + 10;
        StringBuilder svg = new StringBuilder();
        svg.append("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"")
                .append(width);
        svg.append("\" height=\"").append(height).append("\" font-family=\"sans-serif\" font-size=\"12\">\n");
        svg.append("<title>").append(Html.escape(title)).append("</title>\n");
        text(svg, 4, 16, "start", title, " font-weight=\"bold\"");
        text(svg, LEFT + columns.size() * CELL_WIDTH / 2, 34, "middle", columnAxis, " fill=\"#555\"");
        text(svg, 4, TOP - 6, "start", rowAxis, " fill=\"#555\"");
        for (int c = 0; c < columns.size(); c++) {
            text(svg, LEFT + c * CELL_WIDTH + CELL_WIDTH / 2, TOP - 6, "middle", columns.get(c), "");
        }
        for (int r = 0; r < rows.size(); r++) {
            text(svg, LEFT - 8, TOP + r * CELL_HEIGHT + 17, "end", rows.get(r), "");
            for (int c = 0; c < columns.size(); c++) {
                cell(svg, r, c, cells.get(r).get(c));
            }
        }
        return svg.append("</svg>\n").toString();
    }

    private void cell(StringBuilder svg, int row, int column, double value) {
        boolean empty = Double.isNaN(value);
        double share = empty || high <= low ? 0 : Math.clamp((value - low) / (high - low), 0, 1);
        int x = LEFT + column * CELL_WIDTH;
        int y = TOP + row * CELL_HEIGHT;
        svg.append("<rect x=\"")
                .append(x)
                .append("\" y=\"")
                .append(y)
                .append("\" width=\"")
                .append(CELL_WIDTH - 2);
        svg.append("\" height=\"").append(CELL_HEIGHT - 2).append("\" fill=\"");
        svg.append(empty ? "#f2f2f2" : colour(share)).append("\"/>\n");
        if (!empty) {
            String ink = share > 0.55 ? " fill=\"#fff\"" : " fill=\"#222\"";
            text(svg, x + CELL_WIDTH / 2 - 1, y + 17, "middle", String.format(Locale.ROOT, format, value), ink);
        }
    }

    /** From a pale yellow over green to dark blue: lightness falls all the way, so it reads without colour too. */
    private static String colour(double share) {
        double[][] stops = {{255, 253, 224}, {127, 205, 187}, {44, 127, 184}, {20, 45, 105}};
        double at = share * (stops.length - 1);
        int stop = (int) Math.min(stops.length - 2, Math.floor(at));
        StringBuilder colour = new StringBuilder("#");
        for (int channel = 0; channel < 3; channel++) {
            double mixed = stops[stop][channel] + (at - stop) * (stops[stop + 1][channel] - stops[stop][channel]);
            colour.append(String.format(Locale.ROOT, "%02x", Math.round(mixed)));
        }
        return colour.toString();
    }

    private static void text(StringBuilder svg, int x, int y, String anchor, String text, String more) {
        svg.append("<text x=\"")
                .append(x)
                .append("\" y=\"")
                .append(y)
                .append("\" text-anchor=\"")
                .append(anchor);
        svg.append('"').append(more).append('>').append(Html.escape(text)).append("</text>\n");
    }
}
