package dev.filigree.conformance.report;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.plan.Cost;
import dev.filigree.conformance.cases.Catalog;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.Subject;
import dev.filigree.conformance.run.KitOptions;
import java.io.PrintStream;
import java.util.Locale;
import java.util.Optional;

/** Times the comparing cases on the bare backend, without guards: one line per case with the rates of its cost. */
public final class PerfTable {
    private static final int REPEATS = 7;

    private PerfTable() {}

    /** Times the cases that the options select; without a selection, those of the full tier alone. */
    public static void print(BackendProvider provider, PrintStream out) {
        Optional<String> only = KitOptions.fromProperties().only();
        try (Backend backend = provider.open(BackendOptions.NONE);
                Subject subject = new Subject(backend)) {
            out.printf("| %s case | ms | GFLOP/s | GB/s |%n|---|---|---|---|%n", provider.name());
            for (ConformanceCase one : Catalog.all()) {
                boolean wanted = only.map(one.id()::contains).orElse(one.tier() == Tier.FULL);
                Optional<Problem> problem = wanted ? one.problem() : Optional.empty();
                problem.filter(p -> backend.refusals(p.plan()).isEmpty()).ifPresent(p -> line(one, p, subject, out));
            }
        }
    }

    private static void line(ConformanceCase one, Problem problem, Subject subject, PrintStream out) {
        double seconds = subject.time(problem, REPEATS) / 1e9;
        Cost cost = problem.cost();
        out.printf(
                Locale.ROOT,
                "| %s | %.3f | %.2f | %.2f |%n",
                one.id(),
                seconds * 1e3,
                cost.flops() / seconds / 1e9,
                (cost.bytesRead() + cost.bytesWritten()) / seconds / 1e9);
    }
}
