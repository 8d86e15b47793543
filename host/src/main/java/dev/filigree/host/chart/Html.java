package dev.filigree.host.chart;

import java.util.List;

/** A page that needs no other file. Not thread-safe. */
public final class Html {
    private final StringBuilder body = new StringBuilder();
    private final String title;

    /** An empty page. */
    public Html(String title) {
        this.title = title;
        heading(1, title);
    }

    /** Text made safe for element content and attributes. */
    public static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    /** A heading of level 1 to 6. */
    public Html heading(int level, String text) {
        body.append("<h")
                .append(level)
                .append('>')
                .append(escape(text))
                .append("</h")
                .append(level)
                .append(">\n");
        return this;
    }

    /** A paragraph. */
    public Html paragraph(String text) {
        body.append("<p>").append(escape(text)).append("</p>\n");
        return this;
    }

    /** Drawings side by side as far as the window allows. */
    public Html drawings(List<HeatMap> maps) {
        body.append("<div class=\"maps\">\n");
        maps.forEach(map -> body.append(map.svg()));
        body.append("</div>\n");
        return this;
    }

    /** Charts side by side as far as the window allows. */
    public Html charts(List<LineChart> charts) {
        body.append("<div class=\"maps\">\n");
        charts.forEach(chart -> body.append(chart.svg()));
        body.append("</div>\n");
        return this;
    }

    /** A table; entries that look like numbers stand right, and so do the headers of columns of them. */
    public Html table(List<String> header, List<List<String>> rows) {
        body.append("<table>\n<tr>");
        for (int i = 0; i < header.size(); i++) {
            int column = i;
            boolean numbers =
                    !rows.isEmpty() && rows.stream().allMatch(row -> row.size() <= column || isNumber(row.get(column)));
            cell("th", numbers, header.get(i));
        }
        body.append("</tr>\n");
        for (List<String> row : rows) {
            body.append("<tr>");
            row.forEach(text -> cell("td", isNumber(text), text));
            body.append("</tr>\n");
        }
        body.append("</table>\n");
        return this;
    }

    private static boolean isNumber(String text) {
        return text.matches("[-+0-9.]+( ?[%A-Za-z]{0,3})|-");
    }

    private void cell(String tag, boolean number, String text) {
        body.append('<')
                .append(tag)
                .append(number ? " class=\"n\">" : ">")
                .append(escape(text))
                .append("</")
                .append(tag)
                .append('>');
    }

    /** The whole page. */
    public String page() {
        return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>" + escape(title)
                + "</title>\n<style>\nbody{font:14px/1.45 sans-serif;margin:24px;color:#222;max-width:1400px}\n"
                + "h1{font-size:22px}h2{font-size:17px;margin-top:28px}\n"
                + "table{border-collapse:collapse;margin:12px 0}th,td{padding:3px 10px;border-bottom:1px solid #ddd;"
                + "text-align:left}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}\n"
                + ".maps{display:flex;flex-wrap:wrap;gap:18px}\n</style>\n</head>\n<body>\n" + body
                + "</body>\n</html>\n";
    }
}
