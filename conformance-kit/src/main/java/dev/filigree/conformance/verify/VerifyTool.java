package dev.filigree.conformance.verify;

import dev.filigree.api.policy.PolicyRefusal;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.List;
import java.util.spi.ToolProvider;

/** The command as a tool that applications find by its name, without depending on the kit. */
public final class VerifyTool implements ToolProvider {
    /** The name of the tool. */
    public static final String NAME = "filigree-verify";

    /** A tool; touches nothing. */
    public VerifyTool() {}

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public int run(PrintWriter out, PrintWriter err, String... arguments) {
        try {
            return new Verify(VerifyOptions.parse(List.of(arguments)), out, err).run();
        } catch (IllegalArgumentException | PolicyRefusal e) {
            err.println(e.getMessage());
            return 2;
        } catch (IOException e) {
            err.println("a file cannot be read or written: " + e);
            return 2;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            err.println("interrupted; a journal goes on where it was");
            return 2;
        }
    }

    /** The same, on streams. */
    @Override
    public int run(PrintStream out, PrintStream err, String... arguments) {
        PrintWriter outWriter = new PrintWriter(out, true);
        PrintWriter errWriter = new PrintWriter(err, true);
        int code = run(outWriter, errWriter, arguments);
        outWriter.flush();
        errWriter.flush();
        return code;
    }
}
