package dev.filigree.host.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.spi.ToolProvider;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Runs the conformance kit, which is found as a tool: the host does not depend on it. */
@Command(
        name = "verify",
        description = {
            "Prove backends and policies with the conformance kit, and write certificates.",
            "Cases run in a process of their own: one that crashes or hangs fails, and the others still run."
        },
        footer = {
            "",
            "Examples:",
            "  filigree verify --backend cpu-vector --tier smoke",
            "  filigree verify --backend vulkan --profile sparse --html vulkan.html --json vulkan.json",
            "  filigree verify --backend cuda --tier full --journal cuda.journal   (again, to go on after an interruption)",
            "",
            "Exit codes: 0 conforms, 1 a rule is broken, 2 wrong usage, 3 a backend cannot be opened here."
        })
final class VerifyCommand extends Common {
    private static final String TOOL = "filigree-verify";

    @Option(
            names = "--backend",
            paramLabel = "NAME",
            description = "A backend; again for more (default: all that run here).")
    List<String> backends = List.of();

    @Option(
            names = "--policy",
            paramLabel = "NAME",
            description = "An attention policy to certify on them; again for more.")
    List<String> policies = List.of();

    @Option(
            names = "--profile",
            paramLabel = "P",
            description = "attention-core, sparse, kv-core, kv-quantized, quant-linear or full (default: full).")
    @Nullable
    String profile;

    @Option(names = "--tier", paramLabel = "T", description = "smoke, core or full (default: core).")
    @Nullable
    String tier;

    @Option(names = "--html", paramLabel = "FILE", description = "Write the certificate as a page.")
    @Nullable
    Path html;

    @Option(
            names = "--journal",
            paramLabel = "FILE",
            description = "Record the run; one that is there is gone on with.")
    @Nullable
    Path journal;

    @Option(
            names = "--waivers",
            paramLabel = "FILE",
            description = "Failures to bear: a rule or case, a last day, a reason.")
    @Nullable
    Path waivers;

    @Option(
            names = "--timeout",
            paramLabel = "S",
            description = "Seconds that one case may take (default: 120, full 900).")
    @Nullable
    Integer timeout;

    @Option(names = "--case", paramLabel = "ID", description = "Only cases whose id equals or contains this.")
    @Nullable
    String onlyCase;

    @Option(names = "--seed", paramLabel = "N", description = "Only this seed.")
    @Nullable
    Long seed;

    @Option(
            names = "--bundle",
            paramLabel = "FOLDER",
            description = "Write inputs, plan and results of each failure there.")
    @Nullable
    Path bundle;

    @Option(
            names = "--replay",
            paramLabel = "BUNDLE",
            description = "Run a bundle of another machine here, and compare.")
    @Nullable
    Path replay;

    @Option(
            names = "--against",
            paramLabel = "NAME",
            description = "Hold backends against this one: same seeds, same results.")
    @Nullable
    String against;

    @Override
    public Integer call() {
        Optional<ToolProvider> kit = ToolProvider.findFirst(TOOL);
        if (kit.isEmpty()) {
            throw wrong("the conformance kit is not on the module path: add dev.filigree:filigree-conformance"
                    + " (with the launcher: FILIGREE_MODULE_PATH)");
        }
        List<String> arguments = new ArrayList<>();
        backends.forEach(backend -> add(arguments, "--backend", backend));
        policies.forEach(policy -> add(arguments, "--policy", policy));
        add(arguments, "--profile", profile);
        add(arguments, "--tier", tier);
        add(arguments, "--json", json);
        add(arguments, "--html", html);
        add(arguments, "--journal", journal);
        add(arguments, "--waivers", waivers);
        add(arguments, "--timeout", timeout);
        add(arguments, "--case", onlyCase);
        add(arguments, "--seed", seed);
        add(arguments, "--bundle", bundle);
        add(arguments, "--replay", replay);
        add(arguments, "--against", against);
        return kit.get().run(spec().commandLine().getOut(), err(), arguments.toArray(String[]::new));
    }

    private static void add(List<String> arguments, String name, @Nullable Object value) {
        if (value != null) {
            arguments.add(name);
            arguments.add(value.toString());
        }
    }
}
