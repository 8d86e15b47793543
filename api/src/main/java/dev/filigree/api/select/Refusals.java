package dev.filigree.api.select;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.Reason;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** The words of selection: one line for success, one block for refusal. */
final class Refusals {
    private Refusals() {}

    static String selected(BackendRequest request, Backend backend, Map<String, List<Reason>> refused) {
        StringBuilder line = new StringBuilder("backend ").append(backend.name());
        line.append(" on ").append(backend.device()).append(": ");
        line.append(request.name().isPresent() ? "named by " + request.configKey() : "highest priority that serves");
        refused.forEach((name, reasons) -> line.append("; not ")
                .append(name)
                .append(": ")
                .append(reasons.getFirst().sentence()));
        return line.toString();
    }

    static String none(BackendRequest request, List<String> installed, Map<String, List<Reason>> refused) {
        StringBuilder text = new StringBuilder();
        if (request.name().isPresent()) {
            text.append("backend ").append(request.name().get()).append(" (").append(request.configKey());
            text.append(") cannot serve this run:\n");
        } else {
            text.append("no backend can serve this run:\n");
        }
        refused.forEach((name, reasons) -> {
            text.append("  ").append(name).append('\n');
            reasons.stream()
                    .distinct()
                    .sorted(Comparator.comparing(Reason::kind))
                    .forEach(reason -> text.append("    ").append(reason).append('\n'));
        });
        text.append("installed backends: ").append(installed.isEmpty() ? "none" : String.join(", ", installed));
        text.append("; change ").append(request.configKey()).append(" to choose another");
        return text.toString();
    }
}
