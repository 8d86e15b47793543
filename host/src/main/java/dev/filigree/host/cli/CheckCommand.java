package dev.filigree.host.cli;

import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.PrefillReads;
import dev.filigree.api.select.BackendRequest;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.check.CheckResult;
import dev.filigree.host.check.ReferenceCase;
import dev.filigree.host.check.ReferenceCheck;
import dev.filigree.host.check.ReferenceFile;
import dev.filigree.host.engine.Engine;
import dev.filigree.host.engine.EngineConfig;
import dev.filigree.host.tokenizer.Tokenizer;
import dev.filigree.policies.dense.DensePolicy;
import dev.filigree.policies.paged.PagedConfig;
import dev.filigree.policies.paged.PagedPolicy;
import dev.filigree.policies.plain.PlainLinear;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Compares a checkpoint on a backend with a reference file. */
@Command(
        name = "check",
        description = {
            "Compare a checkpoint's numbers with a reference file.",
            "Logits, argmax, norms of hidden states and greedy continuation; dense attention, an fp32 cache, fp32 arithmetic."
        },
        footer = {
            "",
            "Examples:",
            "  filigree check examples/models/needle-16k examples/models/needle-16k/reference.json",
            "  filigree check MODEL REFERENCE.json --backend cpu-reference --chunk 64"
        })
final class CheckCommand extends Common {
    private static final int PAGE_SIZE = 16;

    @Parameters(index = "0", paramLabel = "CHECKPOINT", description = "Folder of the checkpoint.")
    Path checkpoint = Path.of("");

    @Parameters(index = "1", paramLabel = "REFERENCE.json", description = "What another implementation computed.")
    Path reference = Path.of("");

    @Option(
            names = "--backend",
            paramLabel = "NAME",
            defaultValue = "auto",
            description = "The backend to check (default: ${DEFAULT-VALUE}).")
    String backend = "auto";

    @Option(
            names = "--chunk",
            paramLabel = "N",
            defaultValue = "512",
            description = "Prompt tokens per step (default: ${DEFAULT-VALUE}).")
    int chunk;

    @Option(
            names = "--tolerance",
            paramLabel = "T",
            defaultValue = "1e-4",
            description = "Largest accepted difference of a logit (default: ${DEFAULT-VALUE}).")
    double tolerance;

    @Override
    public Integer call() throws IOException {
        if (chunk < 1) {
            throw wrong("--chunk must be 1 or more, not " + chunk);
        }
        List<ReferenceCase> cases = ReferenceFile.read(reference);
        List<CheckResult> results = new ArrayList<>();
        String reason;
        ProgressBar progress = new ProgressBar(err());
        try (Engine engine = new Engine(config(cases), BackendSelector.installed())) {
            reason = engine.selection().reason();
            ReferenceCheck check = new ReferenceCheck(engine, chunk, tolerance, decoder());
            for (ReferenceCase one : cases) {
                progress.show("checking", results.size(), cases.size());
                results.add(check.run(one));
            }
        }
        progress.clear();
        boolean passes = results.stream().allMatch(CheckResult::passes);
        print(results, reason, passes);
        report(new JsonReport()
                .put("backend", reason)
                .put("tolerance", tolerance)
                .put("passes", passes)
                .put("cases", results.stream().map(CheckCommand::json).toList()));
        return passes ? Errors.OK : Errors.FAILED;
    }

    private EngineConfig config(List<ReferenceCase> cases) {
        long longest = cases.stream()
                .mapToLong(c -> Math.max(
                        c.ids().size(), c.greedyPrompt() + c.greedyIds().size()))
                .max()
                .orElse(1);
        return new EngineConfig(
                checkpoint,
                new DensePolicy(),
                new PagedPolicy(new PagedConfig(PAGE_SIZE, KvPrecision.F32, KvPrecision.F32, PrefillReads.STORED)),
                new PlainLinear(),
                DType.F32,
                OptionalLong.of(longest),
                1,
                chunk,
                OptionalLong.empty(),
                request());
    }

    private BackendRequest request() {
        return backend.equals("auto")
                ? BackendRequest.auto()
                : new BackendRequest(Optional.of(backend), List.of(), BackendOptions.NONE, "--backend");
    }

    private Optional<ReferenceCheck.Decoder> decoder() {
        if (!Files.exists(checkpoint.resolve("tokenizer.json"))) {
            return Optional.empty();
        }
        Tokenizer tokenizer = Tokenizer.read(checkpoint);
        return Optional.of(ids -> tokenizer.decode(ids, true));
    }

    private void print(List<CheckResult> results, String reason, boolean passes) {
        out().println(reason);
        TextTable table = new TextTable().row("case", "logits", "norms", "argmax", "greedy", "");
        for (CheckResult result : results) {
            table.row(
                    result.name(),
                    number(result.maxLogitDifference()),
                    number(result.maxNormDifference()),
                    result.wrongArgmax() == 0 ? "equal" : result.wrongArgmax() + " differ",
                    result.greedyMatches() ? "equal" : "differs",
                    result.passes() ? "pass" : "FAIL");
        }
        out().print(table);
        results.forEach(result -> result.problems().stream()
                .limit(5)
                .forEach(problem -> out().println("  " + result.name() + ": " + problem)));
        double worst = results.stream()
                .mapToDouble(CheckResult::maxLogitDifference)
                .max()
                .orElse(0);
        out().println("largest logit difference " + number(worst) + ", accepted " + number(tolerance) + ": "
                + (passes ? "pass" : "FAIL"));
        out().flush();
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.2g", value);
    }

    private static Map<String, Object> json(CheckResult result) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("name", result.name());
        values.put("maxLogitDifference", result.maxLogitDifference());
        values.put("maxNormDifference", result.maxNormDifference());
        values.put("wrongArgmax", result.wrongArgmax());
        values.put("greedyMatches", result.greedyMatches());
        values.put("passes", result.passes());
        values.put("problems", result.problems());
        return values;
    }
}
