package dev.filigree.host.cli;

import dev.filigree.host.calibrate.TextFile;
import dev.filigree.host.eval.EvalLog;
import dev.filigree.host.eval.EvalPlan;
import dev.filigree.host.eval.EvalReport;
import dev.filigree.host.eval.EvalRun;
import dev.filigree.host.needle.NeedleTask;
import dev.filigree.policies.config.ConfigReader;
import dev.filigree.policies.config.RunConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Measures accuracy, density, cache and time of configs on the retrieval tasks. */
@Command(
        name = "eval",
        description = {
            "Measure configs on the retrieval tasks: exact match by length and depth, density, KV bytes, time.",
            "An interrupted evaluation goes on where it stopped when --state is given."
        },
        footer = {
            "",
            "Examples:",
            "  filigree eval examples/needle.yaml examples/streaming.yaml --sizes 1024 --html eval.html",
            "  filigree eval examples/needle.yaml --sizes 4096,16384 --prompts-per-task 20 --state eval.state --json eval.json"
        })
final class EvalCommand extends Common {
    @Parameters(arity = "1..*", paramLabel = "CONFIG", description = "Config files.")
    List<Path> configs = List.of();

    @Option(
            names = "--tasks",
            paramLabel = "NAME",
            split = ",",
            defaultValue = "single,multikey,multivalue,kv,copy",
            description = "What is asked (default: ${DEFAULT-VALUE}).")
    List<String> tasks = List.of();

    @Option(
            names = "--sizes",
            paramLabel = "N",
            split = ",",
            defaultValue = "1024,2048,4096",
            description = "Tokens of prompt and answer (default: ${DEFAULT-VALUE}).")
    List<Integer> sizes = List.of();

    @Option(
            names = "--prompts-per-task",
            paramLabel = "N",
            defaultValue = "5",
            description = "Prompts of each task and size, at evenly spread depths (default: ${DEFAULT-VALUE}).")
    int promptsPerTask;

    @Option(
            names = "--depths",
            paramLabel = "D",
            split = ",",
            arity = "1",
            defaultValue = "0,1",
            description = "First and last depth of the needles (default: ${DEFAULT-VALUE}).")
    List<Double> depths = List.of();

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "Other seeds, other prompts (default: ${DEFAULT-VALUE}).")
    long seed;

    @Option(names = "--backend", paramLabel = "NAME", description = "The backend, instead of the configs'.")
    @Nullable
    String backend;

    @Option(names = "--state", paramLabel = "FILE", description = "Where outcomes are kept, to go on from there.")
    @Nullable
    Path state;

    @Option(names = "--html", paramLabel = "FILE", description = "A self-contained page with heat maps.")
    @Nullable
    Path page;

    @Option(
            names = "--probe",
            paramLabel = "N",
            description = "Measure every head's density and recall with one prompt of N tokens.")
    @Nullable
    Integer probe;

    @Override
    public Integer call() throws IOException {
        if (depths.size() != 2) {
            throw wrong("--depths must be two numbers, such as 0.1,0.9, not " + depths.size());
        }
        EvalPlan plan = new EvalPlan(
                tasks.stream().map(NeedleTask::of).toList(),
                sizes,
                promptsPerTask,
                new EvalPlan.Depths(depths.getFirst(), depths.getLast()),
                seed);
        List<RunConfig> read = new ArrayList<>();
        for (Path config : configs) {
            RunConfig one = ConfigReader.read(config);
            read.add(backend == null ? one : one.withBackend(backend));
        }
        EvalRun run = new EvalRun(
                plan,
                EvalLog.open(Optional.ofNullable(state)),
                probe == null ? OptionalInt.empty() : OptionalInt.of(probe));
        List<EvalReport> reports = new ArrayList<>();
        int total = plan.cases().size();
        for (RunConfig config : read) {
            String name = name(config);
            ProgressBar bar = new ProgressBar(err());
            reports.add(run.run(name, config, (done, result) -> bar.show(name, done, total)));
            bar.clear();
        }
        TextTable table = new TextTable().row(EvalReport.header());
        reports.forEach(report -> report.rows().forEach(table::row));
        out().print(table);
        out().flush();
        if (page != null) {
            TextFile.replace(page, EvalReport.html("Retrieval under " + reports.size() + " configs", reports));
        }
        report(new JsonReport()
                .put("seed", seed)
                .put("promptsPerTask", promptsPerTask)
                .put("depths", depths)
                .put("reports", reports.stream().map(EvalReport::json).toList()));
        return Errors.OK;
    }

    private static String name(RunConfig config) {
        String file = String.valueOf(config.file().getFileName());
        int dot = file.lastIndexOf('.');
        return dot < 0 ? file : file.substring(0, dot);
    }
}
