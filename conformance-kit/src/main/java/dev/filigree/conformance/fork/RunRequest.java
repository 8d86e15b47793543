package dev.filigree.conformance.fork;

import dev.filigree.conformance.cases.Catalog;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.certificate.GivenText;
import dev.filigree.conformance.policy.PolicyCases;
import dev.filigree.conformance.policy.PolicySetting;
import dev.filigree.conformance.profile.Profile;
import dev.filigree.conformance.run.ConformanceRunner;
import dev.filigree.conformance.run.ConformanceRunner.Execution;
import dev.filigree.conformance.run.KitOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What is to be run: enough to make the same list of executions in another process or on another day.
 *
 * @param backend name of the backend
 * @param policies policies to certify on it, as {@link PolicySetting} reads them
 * @param profile the part of the kit
 * @param options tier and seeds
 * @param started when the run began
 * @param bundles folder in which the worker writes a bundle of each failure, if any
 */
public record RunRequest(
        String backend,
        List<String> policies,
        Profile profile,
        KitOptions options,
        Instant started,
        Optional<Path> bundles) {

    /** Copies the list. */
    public RunRequest {
        policies = List.copyOf(policies);
    }

    /** The executions in order. */
    public List<Execution> executions() {
        List<ConformanceCase> cases = new ArrayList<>(profile.of(Catalog.all()));
        cases.addAll(
                PolicyCases.cases(policies.stream().map(PolicySetting::parse).toList()));
        return ConformanceRunner.plan(cases, options);
    }

    /** Begins a journal, for those who start a worker themselves. */
    public static void begin(Journal journal, RunRequest request) {
        request.write(journal);
    }

    void write(Journal journal) {
        journal.add(
                "run",
                backend,
                profile.id(),
                options.tier().name(),
                options.freshSeed(),
                started,
                options.only().orElse(""),
                options.seed().isPresent() ? options.seed().getAsLong() : "",
                String.join(" ", policies),
                bundles.map(path -> path.toAbsolutePath().toString()).orElse(""));
    }

    /**
     * The request that a journal begins with, if it has one.
     *
     * @throws IllegalArgumentException if the file is no journal
     */
    public static Optional<RunRequest> read(Journal journal) throws IOException {
        List<List<String>> lines = journal.lines();
        if (lines.isEmpty()) {
            return Optional.empty();
        }
        List<String> fields = lines.getFirst();
        if (fields.size() != 10 || !fields.getFirst().equals("run")) {
            throw new IllegalArgumentException(journal.file() + " is no journal of a run");
        }
        try {
            return Optional.of(of(fields));
        } catch (DateTimeException | IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    journal.file() + " is no journal of a run: it begins with "
                            + GivenText.quote(String.join(" ", fields)) + " ("
                            + GivenText.line(String.valueOf(e.getMessage())) + ")",
                    e);
        }
    }

    private static RunRequest of(List<String> fields) {
        KitOptions options = new KitOptions(
                KitOptions.tier(fields.get(3)),
                given(fields.get(6)),
                fields.get(7).isEmpty() ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(fields.get(7))),
                Long.parseLong(fields.get(4)));
        return new RunRequest(
                fields.get(1),
                given(fields.get(8)).map(text -> List.of(text.split(" "))).orElse(List.of()),
                Profile.of(fields.get(2)),
                options,
                Instant.parse(fields.get(5)),
                given(fields.get(9)).map(Path::of));
    }

    private static Optional<String> given(String field) {
        return field.isEmpty() ? Optional.empty() : Optional.of(field);
    }
}
