package dev.filigree.host.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Spec;

/** Finds what policies and caches need to know about a model. */
@Command(
        name = "calibrate",
        description = "Find what policies and caches need to know about a model.",
        subcommands = {CalibrateHeadsCommand.class, CalibrateThresholdsCommand.class, CalibrateKeysCommand.class},
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND")
final class CalibrateCommand implements Runnable {
    @Spec
    private CommandLine.Model.@org.jspecify.annotations.Nullable CommandSpec spec;

    @Override
    public void run() {
        if (spec != null) {
            spec.commandLine().usage(spec.commandLine().getOut());
        }
    }
}
