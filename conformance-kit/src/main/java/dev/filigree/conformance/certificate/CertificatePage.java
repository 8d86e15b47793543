package dev.filigree.conformance.certificate;

import dev.filigree.conformance.rule.Area;
import dev.filigree.conformance.rule.Level;
import dev.filigree.conformance.rule.Rule;
import dev.filigree.conformance.run.CaseResult;
import dev.filigree.conformance.run.CaseResult.Status;
import java.util.List;
import java.util.Locale;

/** A certificate for people: one page without other files, readable without colour. */
final class CertificatePage {
    private static final String STYLE = """
            body{font:14px/1.5 system-ui,sans-serif;margin:32px auto;padding:0 24px;max-width:1080px;color:#1f2328}
            h1{font-size:24px;margin:0}h2{font-size:17px;margin:32px 0 8px}
            .verdict{display:inline-block;margin:12px 0;padding:6px 14px;border-radius:6px;font-weight:600;color:#fff}
            .conforms{background:#1a7f37}.conforms_with_gaps{background:#8a5a00}.fails{background:#b42318}
            table{border-collapse:collapse;width:100%}
            .rules{table-layout:fixed}.rules th:nth-child(1){width:64px}.rules th:nth-child(2){width:340px}
            .rules th:nth-child(3){width:120px}.rules th.n{width:84px}.rules th:last-child{padding-left:20px}
            .rules td:last-child{padding-left:20px}
            th,td{text-align:left;overflow-wrap:anywhere;padding:3px 10px 3px 0;border-bottom:1px solid #e4e7eb;vertical-align:top}
            th{font-weight:600;color:#57606a}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
            .facts td:first-child{color:#57606a;width:110px}
            .bar{display:inline-block;width:120px;height:9px;background:#e4e7eb;border-radius:5px;margin-right:8px}
            .bar i{display:block;height:9px;border-radius:5px;background:#2f6feb}
            .bar i.near{background:#b42318}
            .held{color:#1a7f37}.broken{color:#b42318;font-weight:600}.waived,.optional_broken{color:#8a5a00}
            .unsupported,.not_run{color:#57606a}
            pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f6f8fa;padding:10px;border-radius:6px;margin:4px 0 14px}
            code{font-size:12px;overflow-wrap:anywhere}
            """;

    private final Certificate certificate;
    private final StringBuilder page = new StringBuilder();

    CertificatePage(Certificate certificate) {
        this.certificate = certificate;
    }

    String html() {
        String title = "Conformance of " + certificate.facts().backend();
        page.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>")
                .append(escape(title))
                .append("</title>\n<style>\n")
                .append(STYLE)
                .append("</style>\n</head>\n<body>\n<h1>")
                .append(escape(title))
                .append("</h1>\n<div class=\"verdict ")
                .append(certificate.verdict().name().toLowerCase(Locale.ROOT))
                .append("\">")
                .append(escape(certificate.verdict().words()))
                .append("</div>\n");
        facts();
        failures();
        measured();
        areas();
        unsupported();
        waivers();
        return page.append("</body>\n</html>\n").toString();
    }

    private void facts() {
        page.append("<table class=\"facts\">\n");
        certificate.facts().table().forEach((name, value) -> row(cell(name), cell(value.toString())));
        row(
                cell("executions"),
                cell(certificate.results().size() + ": " + certificate.count(Status.PASSED) + " passed, "
                        + certificate.count(Status.FAILED) + " failed, " + certificate.count(Status.UNSUPPORTED)
                        + " unsupported"));
        page.append("</table>\n");
    }

    private void failures() {
        List<CaseResult> failures = certificate.failures();
        if (failures.isEmpty()) {
            return;
        }
        heading("Failures");
        for (CaseResult result : failures) {
            page.append("<p><b>")
                    .append(rule(result))
                    .append("</b> ")
                    .append(rule(result).level() == Level.OPTIONAL ? "(optional) " : "")
                    .append(certificate.isWaived(result) ? "(waived) " : "")
                    .append("<code>")
                    .append(escape(result.executed().id()))
                    .append("</code></p>\n<pre>")
                    .append(escape(result.message()))
                    .append("\n\nagain: ")
                    .append(escape(Replay.line(certificate.facts().backend(), result)))
                    .append("</pre>\n");
        }
    }

    private static Rule rule(CaseResult result) {
        return result.brokenRule().orElse(result.executed().rule());
    }

    private void measured() {
        List<CaseResult> told = certificate.results().stream()
                .filter(result ->
                        result.status() == Status.PASSED && !result.message().isEmpty())
                .toList();
        if (!told.isEmpty()) {
            heading("Measured");
            page.append("<table>\n<tr><th>rule</th><th>case</th><th>figures</th></tr>\n");
            told.forEach(result -> row(
                    cell(result.executed().rule().name()),
                    cell(result.executed().params().toString()),
                    cell(result.message())));
            page.append("</table>\n");
        }
    }

    private void areas() {
        List<RuleResult> rules = certificate.rules();
        for (Area area : Area.values()) {
            if (rules.stream()
                    .filter(result -> result.rule().area() == area)
                    .allMatch(result -> result.outcome() == RuleResult.Outcome.NOT_RUN)) {
                continue;
            }
            heading("Rules of " + area.title());
            page.append(
                    "<table class=\"rules\">\n<tr><th>rule</th><th>in a word</th><th>outcome</th><th class=\"n\">passed</th>"
                            + "<th class=\"n\">failed</th><th class=\"n\">unsupported</th>"
                            + "<th>most of a tolerance used</th></tr>\n");
            rules.stream().filter(result -> result.rule().area() == area).forEach(this::rule);
            page.append("</table>\n");
        }
    }

    private void rule(RuleResult result) {
        Rule rule = result.rule();
        String outcome = result.outcome().name().toLowerCase(Locale.ROOT);
        row(
                cell(rule.name()),
                cell(rule.gist()),
                "<td class=\"" + outcome + "\">" + outcome.replace('_', ' ') + "</td>",
                number(result.passed()),
                number(result.failed()),
                number(result.unsupported()),
                margin(result));
    }

    private static String margin(RuleResult result) {
        if (result.margin() == 0) {
            return cell(result.passed() > 0 ? "exact" : "");
        }
        long percent = Math.round(100 * result.margin());
        String closest = result.closest().map(one -> one.executed().id()).orElse("");
        return "<td title=\"" + escape(closest) + "\"><span class=\"bar\"><i" + (percent >= 90 ? " class=\"near\"" : "")
                + " style=\"width:" + Math.min(100, percent) + "%\"></i></span>" + (percent == 0 ? "&lt; 1" : percent)
                + " %</td>";
    }

    private void unsupported() {
        var reasons = certificate.unsupported();
        if (reasons.isEmpty()) {
            return;
        }
        heading("Unsupported, with the backend's reasons");
        page.append("<table>\n<tr><th class=\"n\">cases</th><th>reason</th></tr>\n");
        reasons.entrySet().stream()
                .sorted(java.util.Map.Entry.<String, Long>comparingByValue().reversed())
                .forEach(entry -> row(number(entry.getValue()), cell(entry.getKey())));
        page.append("</table>\n");
    }

    private void waivers() {
        if (certificate.waivers().isEmpty()) {
            return;
        }
        heading("Waivers");
        page.append("<table>\n<tr><th>rule or case</th><th>until</th><th>reason</th></tr>\n");
        for (Waiver waiver : certificate.waivers()) {
            String until = waiver.until() + (waiver.isValid(certificate.today()) ? "" : " (expired)");
            row(cell(waiver.target()), cell(until), cell(waiver.reason()));
        }
        page.append("</table>\n");
    }

    private void heading(String text) {
        page.append("<h2>").append(escape(text)).append("</h2>\n");
    }

    private void row(String... cells) {
        page.append("<tr>").append(String.join("", cells)).append("</tr>\n");
    }

    private static String cell(String text) {
        return "<td>" + escape(text) + "</td>";
    }

    private static String number(long value) {
        return "<td class=\"n\">" + (value == 0 ? "" : value) + "</td>";
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
