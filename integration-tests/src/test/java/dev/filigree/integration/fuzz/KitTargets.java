package dev.filigree.integration.fuzz;

import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.conformance.bundle.Bundle;
import dev.filigree.conformance.bundle.RecordedRun;
import dev.filigree.conformance.certificate.Waiver;
import dev.filigree.conformance.fork.Journal;
import dev.filigree.conformance.fork.RunRequest;
import dev.filigree.conformance.run.ConformanceRunner.Execution;
import dev.filigree.integration.fuzz.FuzzTarget.Seed;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What {@code filigree verify} reads: waivers, the journal of a run that was interrupted, bundles of other machines. */
final class KitTargets {
    private KitTargets() {}

    static FuzzTarget waivers() {
        return new FuzzTarget(
                "waivers",
                Map.of(),
                List.of(new Seed(
                        "known.txt",
                        "# what is known\nR1007 2027-01-31 the driver allocates per launch\n\nR401/paged 2026-12-01 x\n"
                                .getBytes(StandardCharsets.UTF_8))),
                List.of("R1007", "2027-01-31", "2027-02-30", "+999999999-12-31", "-1-1-1", "#", "\n", " ", "\t"),
                List.of(IllegalArgumentException.class),
                (folder, file) -> Waiver.read(file));
    }

    static FuzzTarget journal() {
        String run = "run\tcpu-reference\tfull\tSMOKE\t42\t2026-01-02T03:04:05Z\tR901_\t7\t\t\n";
        String policies =
                "run\tcpu-reference\tpolicies\tSMOKE\t42\t2026-01-02T03:04:05Z\t\t7\tdense streaming:sink=4\t\n";
        return new FuzzTarget(
                "journal",
                Map.of(),
                List.of(
                        new Seed("run.journal", (run + ends(run)).getBytes(StandardCharsets.UTF_8)),
                        new Seed("run.journal", policies.getBytes(StandardCharsets.UTF_8))),
                List.of(
                        "run",
                        "device",
                        "resume",
                        "begin",
                        "end",
                        "PASSED",
                        "FAILED",
                        "SMOKE",
                        "FULL",
                        "full",
                        "kv-core",
                        "policies",
                        "dense",
                        "lserve:budget=64",
                        "layers:ranges=0@streaming+1@dense",
                        "xattention:threshold=2",
                        "mass>=0.4",
                        "\t",
                        "\n",
                        "\\t",
                        "NaN"),
                List.of(IllegalArgumentException.class, PolicyRefusal.class),
                (folder, file) -> {
                    Journal journal = new Journal(file);
                    Optional<RunRequest> request = RunRequest.read(journal);
                    if (request.isPresent()) {
                        journal.results(request.get().executions());
                    }
                });
    }

    /** Lines that end every execution of a run. */
    private static String ends(String run) {
        Path file = temporary();
        StringBuilder ends = new StringBuilder("device\tthis machine\tits driver\n");
        try {
            Files.writeString(file, run);
            int index = 0;
            for (Execution one :
                    RunRequest.read(new Journal(file)).orElseThrow().executions()) {
                ends.append("begin\t%d\nend\t%d\t%s\t%d\tPASSED\t\t0.5\t1000\t\n"
                        .formatted(index, index, one.executed().id(), one.seed()));
                index++;
            }
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return ends.toString();
    }

    static FuzzTarget bundle() {
        RecordedRun run = new RecordedRun("a plan", Map.of("x", new byte[] {1, 2}), Map.of("y", new byte[300]));
        Bundle good = new Bundle(
                Map.of("case", "R901_add/7", "seed", "42", "backend", "cpu-vector", "rules", "r", "message", "m"),
                List.of(run, run),
                List.of(run));
        Path file = temporary();
        byte[] bytes;
        try {
            good.write(file);
            bytes = Files.readAllBytes(file);
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new FuzzTarget(
                "bundle",
                Map.of(),
                List.of(new Seed("b.zip", bytes)),
                List.of(
                        "case.txt",
                        "run-0/plan.txt",
                        "reference-0/",
                        "in/x",
                        "out/y",
                        "seed",
                        "PK\u0001\u0002",
                        "PK\u0005\u0006"),
                List.of(IllegalArgumentException.class),
                (folder, in) -> {
                    Bundle read = Bundle.read(in);
                    read.seed();
                    String unused = read.fact("case") + read.fact("backend") + read.fact("rules");
                });
    }

    private static Path temporary() {
        try {
            return Files.createTempFile("filigree-fuzz", ".seed");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
