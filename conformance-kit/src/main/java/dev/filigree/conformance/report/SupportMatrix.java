package dev.filigree.conformance.report;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.plan.Plan;
import dev.filigree.conformance.cases.Catalog;
import dev.filigree.conformance.cases.ConformanceCase;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Which ops each backend runs, in which dtypes: asked of the backends with the plans of the kit's cases, so that the
 * table in the README cannot claim more than is tested.
 */
public final class SupportMatrix {
    private record Count(int served, int asked) {
        boolean all() {
            return served == asked;
        }
    }

    private final List<String> backends = new ArrayList<>();
    private final Map<String, List<String>> rows = new LinkedHashMap<>();

    private SupportMatrix() {}

    /** Asks backends that can be opened here. */
    public static SupportMatrix of(List<BackendProvider> providers) {
        SupportMatrix matrix = new SupportMatrix();
        Map<String, Map<String, List<Plan>>> plans = plans();
        for (BackendProvider provider : providers) {
            matrix.backends.add(provider.name());
            try (Backend backend = provider.open(BackendOptions.NONE)) {
                plans.forEach((op, byDtype) ->
                        matrix.rows.computeIfAbsent(op, o -> new ArrayList<>()).add(cell(backend, byDtype)));
            }
        }
        return matrix;
    }

    private static Map<String, Map<String, List<Plan>>> plans() {
        Map<String, Map<String, List<Plan>>> plans = new LinkedHashMap<>();
        for (ConformanceCase one : Catalog.all()) {
            String dtype = one.params().values().getOrDefault("dtype", "other");
            one.problem()
                    .ifPresent(problem -> plans.computeIfAbsent(one.op(), op -> new LinkedHashMap<>())
                            .computeIfAbsent(dtype, d -> new ArrayList<>())
                            .add(problem.plan()));
        }
        return plans;
    }

    private static String cell(Backend backend, Map<String, List<Plan>> byDtype) {
        Map<String, Count> counts = new LinkedHashMap<>();
        byDtype.forEach((dtype, asked) -> {
            long served = asked.stream()
                    .filter(plan -> backend.refusals(plan).isEmpty())
                    .count();
            counts.put(dtype, new Count((int) served, asked.size()));
        });
        if (counts.values().stream().allMatch(Count::all)) {
            return "yes";
        }
        String some = counts.entrySet().stream()
                .filter(entry -> entry.getValue().served() > 0)
                .map(entry -> entry.getKey()
                        + (entry.getValue().all()
                                ? ""
                                : " " + entry.getValue().served() + "/"
                                        + entry.getValue().asked()))
                .collect(Collectors.joining(", "));
        return some.isEmpty() ? "-" : some;
    }

    /**
     * The table as Markdown: {@code yes} for an op that runs in all its cases, {@code -} for one that runs in none, else
     * the dtypes that run, with served and asked cases where it is not all of a dtype.
     */
    public String markdown() {
        StringBuilder text = new StringBuilder("| op |");
        backends.forEach(backend -> text.append(' ').append(backend).append(" |"));
        text.append("\n|---|").append("---|".repeat(backends.size())).append('\n');
        rows.forEach((op, cells) -> {
            text.append("| ").append(op).append(" |");
            cells.forEach(cell -> text.append(' ').append(cell).append(" |"));
            text.append('\n');
        });
        return text.toString();
    }
}
