package dev.filigree.conformance.verify;

import dev.filigree.api.backend.BackendProvider;
import dev.filigree.conformance.bundle.Agreement;
import dev.filigree.conformance.bundle.Bundle;
import dev.filigree.conformance.bundle.BundleReplay;
import dev.filigree.conformance.cases.Catalog;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.run.CaseResult;
import dev.filigree.conformance.run.Oracle;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;

/** What {@code verify} does with two machines or two backends instead of a profile. */
final class Comparisons {
    private Comparisons() {}

    /** An installed backend. */
    static BackendProvider named(String name) {
        return Oracle.named(name)
                .orElseThrow(() -> new IllegalArgumentException(
                        "no backend " + name + " is installed; found are " + Oracle.names()));
    }

    /** Runs a bundle's case on a backend, the bundle's own unless another is named. */
    static int replay(Bundle bundle, List<String> backends, PrintWriter out) {
        String backend = backends.isEmpty() ? bundle.fact("backend") : backends.getFirst();
        BundleReplay.Outcome outcome = new BundleReplay(bundle).run(named(backend), Oracle.find());
        outcome.lines().forEach(out::println);
        out.println((outcome.sameProblems() ? "the same problems" : "other problems") + ", "
                + (outcome.sameResults() ? "the same results bit for bit" : "other results"));
        return outcome.here().status() == CaseResult.Status.FAILED ? 1 : 0;
    }

    /** Holds backends against one. */
    static int agree(String against, List<String> backends, VerifyOptions options, PrintWriter out) {
        List<ConformanceCase> cases = options.profile().of(Catalog.all()).stream()
                .filter(one -> one.tier().compareTo(options.kit().tier()) <= 0)
                .filter(one -> options.kit().only().map(one.id()::contains).orElse(true))
                .toList();
        int exit = 0;
        for (String backend : backends) {
            if (backend.equals(against)) {
                continue;
            }
            try (Agreement agreement = new Agreement(named(backend), named(against))) {
                Agreement.Figures figures =
                        agreement.compare(cases, options.kit().freshSeed());
                figures.differences().forEach(line -> out.println("DIFFERS " + line));
                out.println(String.format(
                        Locale.ROOT,
                        "%s and %s: %d cases compared, %d not run by both, %d integer tensors equal bit for bit,"
                                + " %d differences, largest share of a tolerance %.0f %%; fresh seed %d",
                        backend,
                        against,
                        figures.compared(),
                        figures.unsupported(),
                        figures.exact(),
                        figures.differences().size(),
                        100 * figures.margin(),
                        options.kit().freshSeed()));
                exit = Math.max(exit, figures.differences().isEmpty() ? 0 : 1);
            }
        }
        return exit;
    }
}
