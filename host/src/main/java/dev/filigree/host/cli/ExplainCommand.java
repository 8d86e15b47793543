package dev.filigree.host.cli;

import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.host.explain.Explanation;
import dev.filigree.host.explain.PhaseCost;
import dev.filigree.host.wiring.EngineParts;
import dev.filigree.policies.config.ConfigReader;
import dev.filigree.policies.config.RunConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Says what a run would do, without a backend. */
@Command(
        name = "explain",
        description = {
            "Say what a config's run would do, offline.",
            "Effective values, cache classes, what each head computes, FLOPs, bytes, memory and the plan; no backend is",
            "opened and no weights are read."
        },
        footer = {"", "Examples:", "  filigree explain examples/needle.yaml --tokens 16384"})
final class ExplainCommand extends Common {
    @Parameters(paramLabel = "CONFIG", description = "Config file.")
    Path config = Path.of("");

    @Option(
            names = "--tokens",
            paramLabel = "N",
            required = true,
            description = "Prompt tokens to price; then one more token.")
    int tokens;

    @Override
    public Integer call() throws IOException {
        if (tokens < 1) {
            throw wrong("--tokens must be 1 or more, not " + tokens);
        }
        RunConfig read = ConfigReader.read(config);
        BackendSelector backends = BackendSelector.installed();
        Explanation explanation = Explanation.of(EngineParts.of(read, backends), backends, tokens);
        out().print(text(read, explanation));
        out().flush();
        report(json(explanation));
        return Errors.OK;
    }

    private String text(RunConfig read, Explanation e) {
        TextTable costs = new TextTable().row("", "FLOPs", "attention", "read", "written", "density", "workspace");
        cost(costs, "prefill of " + tokens, e.prefill());
        cost(costs, "decode at " + (tokens + 1), e.decode());
        return read.explain().stripTrailing() + "\n\n"
                + "model: " + e.model() + "\n\n"
                + e.kv().toString().stripTrailing() + "\n\n"
                + (e.policy().isEmpty() ? "" : "attention\n  " + String.join("\n  ", e.policy()) + "\n\n")
                + "heads\n" + e.heads() + "\n"
                + costs + "\n"
                + "attention of one decode step, all layers\n" + steps(e.decode()) + "\n"
                + new TextTable()
                        .row("weights", Units.bytes(e.weightBytes()) + " as " + String.join(", ", e.linearSchemes()))
                        .row("KV pages", Units.bytes(e.kv().totalBytes()) + " for all sequences")
                        .row(
                                "KV of one",
                                Units.bytes(e.kv().bytesFor(tokens + 1L)) + " at " + (tokens + 1) + " tokens, "
                                        + Units.rate(denseBytes(e.kv(), tokens + 1L) / e.kv().bytesFor(tokens + 1L))
                                        + "x below dense at 16 bits")
                        .row("admission", e.admission())
                + "\n" + e.prefill().plan() + "\n" + e.decode().plan();
    }

    private static TextTable steps(PhaseCost phase) {
        TextTable steps = new TextTable().row("", "FLOPs", "read", "written");
        phase.attentionSteps()
                .forEach((name, cost) -> steps.row(
                        name,
                        Units.count(cost.flops()),
                        Units.bytes(cost.bytesRead()),
                        Units.bytes(cost.bytesWritten())));
        return steps;
    }

    /** Bytes of the keys and values of some tokens, unquantized at 16 bits. */
    private static double denseBytes(KvCachePlan kv, long numTokens) {
        ModelGeometry g = kv.geometry();
        return 2.0 * numTokens * g.numLayers() * g.numKvHeads() * (g.headDimQk() + g.headDimVo());
    }

    private static void cost(TextTable table, String name, PhaseCost c) {
        table.row(
                name,
                Units.count(c.cost().flops()),
                Units.percent(c.attentionFlops() / c.cost().flops()),
                Units.bytes(c.cost().bytesRead()),
                Units.bytes(c.cost().bytesWritten()),
                Units.percent(c.density()),
                Units.bytes(c.workspaceBytes()));
    }

    private JsonReport json(Explanation e) {
        return new JsonReport()
                .put("tokens", tokens)
                .put("model", e.model())
                .put("weightBytes", e.weightBytes())
                .put("linearSchemes", e.linearSchemes().toArray())
                .put("kvPlan", e.kv().toString())
                .put("kvBytes", e.kv().totalBytes())
                .put("kvBytesOfOne", e.kv().bytesFor(tokens + 1L))
                .put("admission", e.admission())
                .put("attention", e.policy())
                .put("heads", e.heads().lines().toList())
                .put("prefill", json(e.prefill()))
                .put("decode", json(e.decode()));
    }

    private static Map<String, Object> json(PhaseCost c) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("flops", c.cost().flops());
        values.put("attentionFlops", c.attentionFlops());
        values.put("bytesRead", c.cost().bytesRead());
        values.put("bytesWritten", c.cost().bytesWritten());
        Map<String, Object> steps = new LinkedHashMap<>();
        c.attentionSteps()
                .forEach((name, cost) -> steps.put(
                        name,
                        Map.of(
                                "flops", cost.flops(),
                                "bytesRead", cost.bytesRead(),
                                "bytesWritten", cost.bytesWritten())));
        values.put("attentionSteps", steps);
        values.put("density", c.density());
        values.put("workspaceBytes", c.workspaceBytes());
        values.put("plan", c.plan().lines().toList());
        return values;
    }
}
