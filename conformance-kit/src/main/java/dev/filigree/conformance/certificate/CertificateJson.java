package dev.filigree.conformance.certificate;

import dev.filigree.conformance.run.CaseResult;
import dev.filigree.conformance.run.CaseResult.Status;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** A certificate for programs. */
final class CertificateJson {
    private CertificateJson() {}

    static String of(Certificate certificate) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("format", "filigree-certificate-1");
        document.put("verdict", certificate.verdict().name().toLowerCase(Locale.ROOT));
        document.putAll(certificate.facts().table());
        document.put("passed", certificate.count(Status.PASSED));
        document.put("failed", certificate.count(Status.FAILED));
        document.put("unsupported", certificate.count(Status.UNSUPPORTED));
        document.put(
                "rulesResults",
                certificate.rules().stream().map(CertificateJson::rule).toList());
        document.put(
                "failures",
                certificate.failures().stream()
                        .map(result -> failure(certificate, result))
                        .toList());
        document.put(
                "unsupportedReasons",
                certificate.unsupported().entrySet().stream()
                        .map(entry -> Map.of("reason", entry.getKey(), "times", entry.getValue()))
                        .toList());
        document.put(
                "waivers",
                certificate.waivers().stream()
                        .map(waiver -> waiver(certificate, waiver))
                        .toList());
        document.put(
                "executions",
                certificate.results().stream().map(CertificateJson::execution).toList());
        return JsonText.of(document);
    }

    private static Map<String, Object> rule(RuleResult result) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("rule", result.rule().name());
        values.put("gist", result.rule().gist());
        values.put("level", result.rule().level().word());
        values.put("outcome", result.outcome().name().toLowerCase(Locale.ROOT));
        values.put("passed", result.passed());
        values.put("failed", result.failed());
        values.put("waived", result.waived());
        values.put("unsupported", result.unsupported());
        values.put("margin", result.margin());
        result.closest()
                .filter(closest -> closest.margin() > 0)
                .ifPresent(closest -> values.put("closest", closest.executed().id() + "@" + closest.seed()));
        return values;
    }

    private static Map<String, Object> failure(Certificate certificate, CaseResult result) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("case", result.executed().id());
        values.put("seed", result.seed());
        values.put("rule", result.brokenRule().orElse(result.executed().rule()).name());
        values.put("message", result.message());
        values.put("waived", certificate.isWaived(result));
        values.put("replay", Replay.line(certificate.facts().backend(), result));
        return values;
    }

    private static Map<String, Object> waiver(Certificate certificate, Waiver waiver) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("target", waiver.target());
        values.put("until", waiver.until().toString());
        values.put("valid", waiver.isValid(certificate.today()));
        values.put("reason", waiver.reason());
        return values;
    }

    private static Map<String, Object> execution(CaseResult result) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("case", result.executed().id());
        values.put("seed", result.seed());
        values.put("status", result.status().name().toLowerCase(Locale.ROOT));
        values.put("margin", result.margin());
        values.put("milliseconds", result.nanos() / 1_000_000);
        if (result.status() == Status.PASSED && !result.message().isEmpty()) {
            values.put("measured", result.message());
        }
        return values;
    }
}
