package dev.filigree.host.cli;

import dev.filigree.policies.config.ConfigReader;
import dev.filigree.policies.config.RunConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Measures what configs cost at a length of context, with prompts of random tokens and, if asked for, random weights. */
@Command(
        name = "bench",
        description = {
            "Measure configs on prompts of random tokens: time to the first token, time per token, density, KV bytes.",
            "With --random the model's folder needs its config.json only: weights are random numbers of those sizes."
        },
        footer = {
            "",
            "Examples:",
            "  filigree bench examples/needle.yaml examples/composed.yaml --tokens 8192",
            "  filigree bench examples/bench/dense.yaml examples/bench/composed.yaml --random 1 --tokens 32768 --backend cuda",
            "  filigree bench examples/bench/longest.yaml --random 1 --tokens 3000000,3300000 --fill --backend cuda"
        })
final class BenchCommand extends Common {
    @Parameters(arity = "1..*", paramLabel = "CONFIG", description = "Config files.")
    List<Path> configs = List.of();

    @Option(
            names = "--tokens",
            paramLabel = "N",
            split = ",",
            defaultValue = "4096",
            description = "Prompt tokens; several lengths are measured one by one (default: ${DEFAULT-VALUE}).")
    List<Integer> tokens = List.of();

    @Option(
            names = "--decode",
            paramLabel = "N",
            defaultValue = "32",
            description = "Tokens drawn after the prompt, all timed together (default: ${DEFAULT-VALUE}).")
    int decode;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "2",
            description =
                    "Times the prompt is read; the first makes plans and is reported by itself (default: ${DEFAULT-VALUE}).")
    int rounds;

    @Option(
            names = "--fill",
            description =
                    "Do not read the prompt: fill the cache with random numbers, so that only what follows is measured.")
    boolean fill;

    @Option(names = "--random", paramLabel = "SEED", description = "Random weights of the sizes in config.json.")
    @Nullable
    Long random;

    @Option(names = "--backend", paramLabel = "NAME", description = "The backend, instead of the configs'.")
    @Nullable
    String backend;

    @Override
    public Integer call() throws IOException {
        if (tokens.stream().anyMatch(n -> n < 1) || decode < 1 || rounds < 1) {
            throw wrong("--tokens, --decode and --rounds must be 1 or more, not " + tokens + ", " + decode + " and "
                    + rounds);
        }
        List<RunConfig> read = new ArrayList<>();
        for (Path config : configs) {
            RunConfig one = ConfigReader.read(config);
            read.add(backend == null ? one : one.withBackend(backend));
        }
        OptionalLong seed = random == null ? OptionalLong.empty() : OptionalLong.of(random);
        List<BenchOutcome> outcomes = new ArrayList<>();
        for (int length : tokens) {
            for (RunConfig config : read) {
                outcomes.add(
                        new BenchTask(config, new BenchTask.Shape(length, decode, rounds, fill, seed), err()).call());
            }
        }
        BenchSummary summary = new BenchSummary(outcomes);
        out().print(summary.table());
        out().flush();
        report(summary.json());
        return summary.anyRan() ? Errors.OK : Errors.FAILED;
    }
}
