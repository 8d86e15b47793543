package dev.filigree.conformance;

import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.Probe;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.conformance.cases.Catalog;
import dev.filigree.conformance.fork.Journal;
import dev.filigree.conformance.fork.Worker;
import dev.filigree.conformance.rates.RateTable;
import dev.filigree.conformance.report.PerfTable;
import dev.filigree.conformance.report.RunReport;
import dev.filigree.conformance.report.SupportMatrix;
import dev.filigree.conformance.run.ConformanceRunner;
import dev.filigree.conformance.run.KitOptions;
import dev.filigree.conformance.run.Oracle;
import dev.filigree.conformance.verify.VerifyOptions;
import dev.filigree.conformance.verify.VerifyTool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The kit without JUnit: {@code Main [run|support|perf|rates|list] [BACKEND...]}. Without names every backend found is
 * taken. Options are system properties, see {@link KitOptions}. {@code Main verify} runs a profile in a process of its
 * own and writes a certificate, see {@link VerifyOptions}; {@code Main worker JOURNAL} is that process.
 *
 * <p>Exit codes: 0 all conform, 1 a required rule is broken, 2 wrong use, 3 a backend cannot be opened here.
 */
public final class Main {
    private Main() {}

    /** Runs and exits. */
    public static void main(String[] args) {
        System.exit(run(args));
    }

    static int run(String[] args) {
        String mode = args.length == 0 ? "run" : args[0];
        List<String> names = List.of(args).subList(Math.min(1, args.length), args.length);
        return switch (mode) {
            case "verify" -> new VerifyTool().run(System.out, System.err, names.toArray(String[]::new));
            case "worker" -> work(names);
            default -> run(mode, names);
        };
    }

    private static int work(List<String> names) {
        try {
            return Worker.run(new Journal(Path.of(names.getFirst())));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int run(String mode, List<String> names) {
        KitOptions options = KitOptions.fromProperties();
        return switch (mode) {
            case "run" -> judge(names, options);
            case "support" -> print(SupportMatrix.of(available(names)).markdown());
            case "perf" -> {
                available(names).forEach(provider -> PerfTable.print(provider, System.out));
                yield 0;
            }
            case "rates" -> {
                available(names)
                        .forEach(provider -> RateTable.print(
                                provider,
                                options.backend(),
                                options.shrink(),
                                options.only().orElse(""),
                                System.out));
                yield 0;
            }
            case "list" -> {
                Catalog.all().forEach(found -> System.out.println(found.id() + " " + found.tier()));
                yield 0;
            }
            default -> {
                System.err.println("mode must be verify, run, support, perf, rates or list, not " + mode);
                yield 2;
            }
        };
    }

    private static int print(String text) {
        System.out.println(text);
        return 0;
    }

    private static int judge(List<String> names, KitOptions options) {
        int exit = 0;
        for (BackendProvider provider : providers(names)) {
            Probe probe = BackendSelector.probe(provider);
            if (probe instanceof Probe.Unavailable(var reasons)) {
                System.out.println("conformance of " + provider.name() + ": unavailable: " + reasons);
                exit = Math.max(exit, names.isEmpty() ? 0 : 3);
                continue;
            }
            exit = Math.max(exit, judge(provider, options));
        }
        return exit;
    }

    private static int judge(BackendProvider provider, KitOptions options) {
        try (ConformanceRunner runner = new ConformanceRunner(provider, options.backend(), Oracle.find())) {
            RunReport report = new RunReport(
                    provider.name() + " on " + runner.backend().device() + ", tier "
                            + options.tier().name().toLowerCase(Locale.ROOT),
                    options.freshSeed());
            ConformanceRunner.plan(Catalog.all(), options).forEach(execution -> report.add(runner.run(execution)));
            System.out.print(report.text());
            return report.failed() ? 1 : 0;
        }
    }

    private static List<BackendProvider> available(List<String> names) {
        return providers(names).stream()
                .filter(provider -> BackendSelector.probe(provider) instanceof Probe.Available)
                .toList();
    }

    private static List<BackendProvider> providers(List<String> names) {
        if (names.isEmpty()) {
            return Oracle.all();
        }
        List<BackendProvider> chosen = new ArrayList<>();
        for (String name : names) {
            Optional<BackendProvider> found = Oracle.named(name);
            chosen.add(found.orElseThrow(() ->
                    new IllegalArgumentException("no backend " + name + " is installed; found are " + Oracle.names())));
        }
        return chosen;
    }
}
