package dev.filigree.conformance.verify;

import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.Probe;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.conformance.bundle.Bundle;
import dev.filigree.conformance.certificate.Certificate;
import dev.filigree.conformance.certificate.Replay;
import dev.filigree.conformance.certificate.Waiver;
import dev.filigree.conformance.fork.Journal;
import dev.filigree.conformance.fork.RunRequest;
import dev.filigree.conformance.fork.Supervisor;
import dev.filigree.conformance.fork.WorkerCommand;
import dev.filigree.conformance.policy.PolicyCases;
import dev.filigree.conformance.policy.PolicySetting;
import dev.filigree.conformance.run.Oracle;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

/** Runs {@code verify} for one backend after the other. */
public final class Verify {
    private static final Path STDOUT = Path.of("-");

    private final VerifyOptions options;
    private final PrintWriter out;
    private final PrintWriter people;

    /**
     * A run that reports to people and programs.
     *
     * @param out for people, or for the JSON alone if that goes to {@code -}
     * @param err for people, if the JSON takes the other
     */
    public Verify(VerifyOptions options, PrintWriter out, PrintWriter err) {
        this.options = options;
        this.out = out;
        people = options.json().filter(STDOUT::equals).isPresent() ? err : out;
    }

    /**
     * Runs and returns the exit code: 0 all conform, 1 a binding rule is broken, 3 a backend cannot be opened here.
     *
     * @throws IllegalArgumentException if what was asked for is not there
     */
    public int run() throws IOException, InterruptedException {
        List<Waiver> waivers =
                options.waivers().isPresent() ? Waiver.read(options.waivers().get()) : List.of();
        List<String> names = options.backends().isEmpty() ? installed() : options.backends();
        if (options.replay().isPresent()) {
            return Comparisons.replay(Bundle.read(options.replay().get()), options.backends(), people);
        }
        if (options.against().isPresent()) {
            return Comparisons.agree(
                    options.against().get(),
                    options.backends().isEmpty() ? installed() : options.backends(),
                    options,
                    people);
        }
        options.policies().forEach(policy -> PolicyCases.requirePlanned(PolicySetting.parse(policy)));
        int exit = 0;
        for (String name : names) {
            if (Oracle.named(name).isEmpty()) {
                throw new IllegalArgumentException("no backend " + name + " is installed; found are " + Oracle.names());
            }
            exit = Math.max(exit, verify(name, names.size() > 1, waivers));
        }
        return exit;
    }

    // A backend that is installed and cannot run here was not asked for by name: it is told and passed over.
    private List<String> installed() {
        for (BackendProvider provider : Oracle.all()) {
            if (BackendSelector.probe(provider) instanceof Probe.Unavailable(var reasons)) {
                people.println(provider.name() + " is unavailable: " + reasons);
            }
        }
        return Oracle.all().stream()
                .filter(provider -> BackendSelector.probe(provider) instanceof Probe.Available)
                .map(BackendProvider::name)
                .toList();
    }

    private int verify(String backend, boolean oneOfMany, List<Waiver> waivers)
            throws IOException, InterruptedException {
        Optional<Path> kept = options.journal().map(path -> named(path, backend, oneOfMany));
        Path file = kept.isPresent() ? kept.get() : Files.createTempFile("filigree-verify-", ".journal");
        Journal journal = new Journal(file);
        RunRequest request = new RunRequest(
                backend,
                options.policies(),
                options.profile(),
                options.kit(),
                Instant.now().truncatedTo(ChronoUnit.SECONDS),
                options.bundles());
        try {
            Supervisor.Outcome outcome =
                    new Supervisor(journal, WorkerCommand.of(file), options.patience(), people).run(request);
            Certificate certificate =
                    new Certificate(outcome.facts(), outcome.results(), waivers, LocalDate.now(ZoneOffset.UTC));
            return publish(certificate, oneOfMany);
        } catch (Supervisor.RefusedRun e) {
            people.println(e.getMessage());
            return 3;
        } finally {
            if (kept.isEmpty()) {
                Files.deleteIfExists(file);
                Files.deleteIfExists(file.resolveSibling(file.getFileName() + ".log"));
            }
        }
    }

    private int publish(Certificate certificate, boolean oneOfMany) throws IOException {
        String backend = certificate.facts().backend();
        certificate.failures().forEach(result -> {
            people.println("FAILED " + result.executed().id() + (certificate.isWaived(result) ? " (waived)" : ""));
            people.println("  " + result.message());
            people.println("  again: " + Replay.line(backend, result));
        });
        certificate
                .unsupported()
                .forEach((reason, times) -> people.println("unsupported, " + times + " times: " + reason));
        people.println(certificate.summary());
        if (options.json().filter(STDOUT::equals).isPresent()) {
            out.print(certificate.json());
        } else if (options.json().isPresent()) {
            write(options.json().get(), backend, oneOfMany, certificate.json());
        }
        if (options.html().isPresent()) {
            write(options.html().get(), backend, oneOfMany, certificate.html());
        }
        return certificate.verdict() == Certificate.Verdict.FAILS ? 1 : 0;
    }

    private static void write(Path file, String backend, boolean oneOfMany, String text) throws IOException {
        Path target = named(file, backend, oneOfMany).toAbsolutePath();
        Files.createDirectories(target.getParent());
        Files.writeString(target, text);
    }

    /** A file for one of several backends: {@code kit.html} becomes {@code kit-cpu-vector.html}. */
    static Path named(Path file, String backend, boolean oneOfMany) {
        String name = file.getFileName().toString();
        int dot = name.lastIndexOf('.');
        if (!oneOfMany) {
            return file;
        }
        return file.resolveSibling(
                dot < 0 ? name + "-" + backend : name.substring(0, dot) + "-" + backend + name.substring(dot));
    }
}
