package dev.filigree.host.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What every command has: a report as JSON, and stack traces for those who ask. */
@Command(mixinStandardHelpOptions = true, showDefaultValues = false)
abstract class Common implements Callable<Integer> {
    @Spec
    @Nullable
    CommandSpec spec;

    @Option(
            names = "--json",
            paramLabel = "FILE",
            arity = "0..1",
            fallbackValue = "-",
            description = "Write the result as JSON to FILE, or to standard output alone without a FILE or with -.")
    @Nullable
    Path json;

    @Option(names = "--debug", description = "Show stack traces.")
    boolean debug;

    /** Standard output for people: silent where standard output carries JSON. */
    PrintWriter out() {
        return json != null && json.toString().equals("-")
                ? new PrintWriter(java.io.Writer.nullWriter())
                : spec().commandLine().getOut();
    }

    PrintWriter err() {
        return spec().commandLine().getErr();
    }

    CommandSpec spec() {
        if (spec == null) {
            throw new IllegalStateException("a command runs through its command line");
        }
        return spec;
    }

    /** A complaint about the arguments. */
    ParameterException wrong(String sentence) {
        return new ParameterException(spec().commandLine(), sentence);
    }

    /** Writes the report if one is asked for. */
    void report(JsonReport report) throws IOException {
        Path target = json;
        if (target == null) {
            return;
        }
        if (target.toString().equals("-")) {
            spec().commandLine().getOut().println(report.text());
        } else {
            report.write(target);
        }
    }
}
