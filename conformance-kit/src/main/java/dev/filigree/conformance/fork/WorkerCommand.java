package dev.filigree.conformance.fork;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** How to start the kit's worker in a JVM like this one: the same options, the same module or class path. */
public final class WorkerCommand {
    private static final String MAIN = "dev.filigree.conformance.Main";

    private WorkerCommand() {}

    /** The command line for a journal. */
    public static List<String> of(Path journal) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(WorkerCommand::isForAnyProcess)
                .forEach(command::add);
        String classPath = System.getProperty("java.class.path", "");
        if (!classPath.isEmpty()) {
            command.addAll(List.of("-cp", classPath));
        }
        String modulePath = System.getProperty("jdk.module.path");
        if (modulePath != null && WorkerCommand.class.getModule().isNamed()) {
            command.addAll(List.of("-p", modulePath, "-m", "dev.filigree.conformance/" + MAIN));
        } else {
            command.add(MAIN);
        }
        command.addAll(List.of("worker", journal.toAbsolutePath().toString()));
        return command;
    }

    // An agent or an archive of classes belongs to the process it was started for.
    private static boolean isForAnyProcess(String option) {
        return !option.startsWith("-javaagent")
                && !option.startsWith("-agentlib")
                && !option.startsWith("-XX:ArchiveClassesAtExit")
                && !option.startsWith("-Djdk.module");
    }
}
