package dev.filigree.conformance.fork;

import dev.filigree.conformance.cases.Catalog;
import dev.filigree.conformance.profile.Profile;
import dev.filigree.conformance.run.ConformanceRunner;
import dev.filigree.conformance.run.ConformanceRunner.Execution;
import dev.filigree.conformance.run.KitOptions;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What is to be run: enough to make the same list of executions in another process or on another day.
 *
 * @param backend name of the backend
 * @param profile the part of the kit
 * @param options tier and seeds
 * @param started when the run began
 */
public record RunRequest(String backend, Profile profile, KitOptions options, Instant started) {

    /** The executions in order. */
    public List<Execution> executions() {
        return ConformanceRunner.plan(profile.of(Catalog.all()), options);
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
                options.seed().isPresent() ? options.seed().getAsLong() : "");
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
        if (fields.size() != 8 || !fields.getFirst().equals("run")) {
            throw new IllegalArgumentException(journal.file() + " is no journal of a run");
        }
        KitOptions options = new KitOptions(
                KitOptions.tier(fields.get(3)),
                fields.get(6).isEmpty() ? Optional.empty() : Optional.of(fields.get(6)),
                fields.get(7).isEmpty() ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(fields.get(7))),
                Long.parseLong(fields.get(4)));
        return Optional.of(
                new RunRequest(fields.get(1), Profile.of(fields.get(2)), options, Instant.parse(fields.get(5))));
    }
}
