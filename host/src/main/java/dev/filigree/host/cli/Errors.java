package dev.filigree.host.cli;

import dev.filigree.api.backend.BackendException;
import dev.filigree.api.plan.PlanException;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.api.select.NoBackendException;
import dev.filigree.api.tensor.OutOfMemoryException;
import dev.filigree.host.check.ReferenceException;
import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.engine.CacheFullException;
import dev.filigree.host.tokenizer.TokenizerException;
import dev.filigree.policies.config.ConfigException;
import java.util.List;
import picocli.CommandLine;

/** Turns exceptions into sentences and exit codes. */
final class Errors {
    /** Done. */
    static final int OK = 0;
    /** A run or a check failed. */
    static final int FAILED = 1;
    /** Wrong usage or config. */
    static final int USAGE = 2;

    private static final List<Class<? extends Exception>> OF_THE_RUN =
            List.of(BackendException.class, OutOfMemoryException.class, CacheFullException.class);

    private static final List<Class<? extends Exception>> OF_THE_USER = List.of(
            ConfigException.class,
            CheckpointException.class,
            TokenizerException.class,
            ReferenceException.class,
            PolicyRefusal.class,
            NoBackendException.class,
            IllegalArgumentException.class);

    private Errors() {}

    static int usage(CommandLine.ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        command.getErr().println("filigree: " + e.getMessage());
        CommandLine.UnmatchedArgumentException.printSuggestions(e, command.getErr());
        command.getErr().println("see " + command.getCommandSpec().qualifiedName() + " --help");
        return USAGE;
    }

    static int execution(Exception e, CommandLine command, CommandLine.ParseResult parsed) {
        boolean known = isOne(OF_THE_RUN, e) || isOne(OF_THE_USER, e);
        if (command.getCommand() instanceof Common common && common.debug) {
            e.printStackTrace(command.getErr());
        }
        command.getErr().println("filigree: " + (known ? e.getMessage() : unexpected(e)));
        return isOne(OF_THE_USER, e) ? USAGE : FAILED;
    }

    private static String unexpected(Exception e) {
        String what = e instanceof PlanException
                ? "a plan contradicts itself"
                : "unexpected " + e.getClass().getName();
        return what + ": " + e.getMessage() + " (--debug shows where)";
    }

    private static boolean isOne(List<Class<? extends Exception>> kinds, Exception e) {
        return kinds.stream().anyMatch(kind -> kind.isInstance(e));
    }
}
