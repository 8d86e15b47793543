package dev.filigree.integration.process;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A JVM of its own on the real module path, started with the launcher's options: what users run, without the launcher's
 * build step.
 *
 * <pre>{@code
 * var result = ModulePathProcess.cli("backends").run(Duration.ofSeconds(30));
 * }</pre>
 */
public final class ModulePathProcess {
    private static final String CLI = "dev.filigree.host/dev.filigree.host.cli.Main";

    private final String main;
    private final List<String> arguments;
    private final List<Path> modules = new ArrayList<>();
    private final List<String> jvmOptions = new ArrayList<>();
    private Path directory = ProjectTree.root();
    private String input = "";

    private ModulePathProcess(String main, List<String> arguments) {
        this.main = main;
        this.arguments = arguments;
    }

    /** What a finished process left: its exit code and all it printed. */
    public record Result(int exitCode, String out, String err) {}

    /** The command line {@code filigree} with these arguments. */
    public static ModulePathProcess cli(String... arguments) {
        return new ModulePathProcess(CLI, List.of(arguments));
    }

    /** Another main class, as {@code module/class}. */
    public static ModulePathProcess main(String main, String... arguments) {
        return new ModulePathProcess(main, List.of(arguments));
    }

    /** Puts further jars or folders of jars on the module path. */
    public ModulePathProcess withModules(Path... more) {
        modules.addAll(List.of(more));
        return this;
    }

    /** Adds options for the JVM, after the launcher's own. */
    public ModulePathProcess withJvmOptions(String... more) {
        jvmOptions.addAll(List.of(more));
        return this;
    }

    /** Runs in this folder instead of the top of the tree. */
    public ModulePathProcess in(Path folder) {
        directory = folder;
        return this;
    }

    /** What the process reads on its standard input; nothing unless given. */
    public ModulePathProcess withInput(String text) {
        input = text;
        return this;
    }

    /**
     * Runs to the end.
     *
     * @throws AssertionError if it is still running after {@code timeout}; it is stopped, with what it had printed in
     *     the message
     */
    public Result run(Duration timeout) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("module-path-process");
        Path in = Files.writeString(folder.resolve("in"), input);
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        // Files instead of pipes: a process that prints a lot never waits for the reader.
        Process process = new ProcessBuilder(command())
                .directory(directory.toFile())
                .redirectInput(in.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        boolean finished = process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS);
        if (!finished) {
            process.destroyForcibly().waitFor();
        }
        Result result = new Result(process.exitValue(), Files.readString(out), Files.readString(err));
        for (Path file : List.of(in, out, err, folder)) {
            Files.delete(file);
        }
        if (!finished) {
            throw new AssertionError(
                    "still running after " + timeout + ": " + String.join(" ", arguments) + "\n" + result);
        }
        return result;
    }

    private List<String> command() throws IOException {
        StringBuilder path = new StringBuilder(ProjectTree.modulePath().toString());
        modules.forEach(module -> path.append(File.pathSeparator).append(module));
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(coverageAgent());
        command.addAll(ProjectTree.jvmOptions());
        command.addAll(jvmOptions);
        command.addAll(List.of("-p", path.toString(), "-m", main));
        command.addAll(arguments);
        return command;
    }

    /** The agent that records what the tests run, if this process has it: what their processes run counts too. */
    private static List<String> coverageAgent() {
        return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> option.startsWith("-javaagent:") && option.contains("jacoco"))
                .toList();
    }
}
