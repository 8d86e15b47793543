package dev.filigree.host.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** Entry point of the command line. */
@Command(
        name = "filigree",
        description = "Long-context transformer inference that skips what does not matter.",
        subcommands = {
            RunCommand.class,
            TokenizeCommand.class,
            CheckCommand.class,
            BackendsCommand.class,
            VerifyCommand.class,
            ExplainCommand.class,
            NeedleCommand.class,
            CalibrateCommand.class,
            EvalCommand.class,
            BenchCommand.class,
            QuantizeCommand.class,
            ImportCommand.class,
            PaintCommand.class
        },
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "Examples:",
            "  filigree run examples/needle.yaml",
            "  filigree run examples/needle.yaml --against examples/streaming.yaml",
            "  filigree backends",
            "",
            "Exit codes: 0 done, 1 a run or check failed, 2 wrong usage or config."
        })
public final class Main implements Runnable {

    @CommandLine.Spec
    private CommandLine.Model.@org.jspecify.annotations.Nullable CommandSpec spec;

    private Main() {}

    /** Runs a command and exits with its code. */
    public static void main(String[] args) {
        PrintWriter out = out(System.out);
        PrintWriter err = out(System.err);
        int code = run(args, out, err);
        out.flush();
        err.flush();
        System.exit(code);
    }

    /** Runs a command and returns its exit code. */
    static int run(String[] args, PrintWriter out, PrintWriter err) {
        return new CommandLine(new Main())
                .setOut(out)
                .setErr(err)
                .setUsageHelpWidth(110)
                .setParameterExceptionHandler(Errors::usage)
                .setExecutionExceptionHandler(Errors::execution)
                .execute(args);
    }

    private static PrintWriter out(java.io.PrintStream stream) {
        return new PrintWriter(stream, true, StandardCharsets.UTF_8);
    }

    @Override
    public void run() {
        if (spec != null) {
            spec.commandLine().usage(spec.commandLine().getOut());
        }
    }

    /** The version of this module. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            Package here = Main.class.getPackage();
            String version = here.getImplementationVersion();
            return new String[] {"filigree " + (version == null ? "(from the source tree)" : version)};
        }
    }
}
