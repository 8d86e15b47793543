package dev.filigree.conformance.fork;

import dev.filigree.conformance.certificate.Facts;
import dev.filigree.conformance.run.CaseResult;
import dev.filigree.conformance.run.CaseResult.Status;
import dev.filigree.conformance.run.ConformanceRunner.Execution;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Has a worker process run a request. A worker that ends or stands still fails the execution that it had begun, and the
 * next worker goes on after it.
 */
public final class Supervisor {
    private static final int MAX_RESTARTS = 100;
    private static final long POLL_MILLIS = 100;

    private final Journal journal;
    private final List<String> command;
    private final Duration patience;
    private final PrintWriter progress;

    /**
     * A supervisor.
     *
     * @param journal the file between the processes; one that is there already is gone on with
     * @param command starts a worker, such as {@link WorkerCommand#of}
     * @param patience how long one execution may take
     * @param progress where to say how far it is
     */
    public Supervisor(Journal journal, List<String> command, Duration patience, PrintWriter progress) {
        this.journal = journal;
        this.command = List.copyOf(command);
        this.patience = patience;
        this.progress = progress;
    }

    /**
     * What came of a request.
     *
     * @param facts what the run was about
     * @param results in the order of the executions
     * @param restarts how many workers had to be replaced
     */
    public record Outcome(Facts facts, List<CaseResult> results, int restarts) {}

    /**
     * Runs everything that the journal has no result of.
     *
     * @throws RefusedRun if the backend cannot be opened, or workers end again and again
     */
    public Outcome run(RunRequest asked) throws IOException, InterruptedException {
        Optional<RunRequest> begun = RunRequest.read(journal);
        RunRequest request = begun.orElse(asked);
        if (begun.isEmpty()) {
            request.write(journal);
        } else {
            journal.resume();
        }
        List<Execution> executions = request.executions();
        int restarts = 0;
        while (journal.results(executions).size() < executions.size()) {
            int exit = work(executions);
            if (exit == Worker.REFUSED) {
                throw new RefusedRun(journal.last("refused").map(List::getLast).orElse("the worker refused"));
            }
            if (exit != Worker.DONE && ++restarts > MAX_RESTARTS) {
                throw new RefusedRun("the worker ended " + restarts + " times; the last output is in " + log());
            }
        }
        List<String> device = journal.last("device").orElse(List.of("device", "none", "nothing was run"));
        Facts facts = new Facts(
                request.backend(),
                device.get(1),
                device.get(2),
                request.profile(),
                request.options().tier(),
                request.options().freshSeed(),
                request.started());
        Map<Integer, CaseResult> results = journal.results(executions);
        return new Outcome(facts, new ArrayList<>(results.values()), restarts);
    }

    /** Why a run came to nothing. */
    public static final class RefusedRun extends RuntimeException {
        private static final long serialVersionUID = 1L;

        RefusedRun(String sentence) {
            super(sentence);
        }
    }

    // Starts one worker and waits for its end; what it had begun then has a result.
    private int work(List<Execution> executions) throws IOException, InterruptedException {
        Path log = log();
        Process worker = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        Thread stop = new Thread(worker::destroyForcibly);
        Runtime.getRuntime().addShutdownHook(stop);
        String ended;
        try {
            ended = await(worker, executions.size());
        } finally {
            worker.destroyForcibly().waitFor();
            Runtime.getRuntime().removeShutdownHook(stop);
        }
        int exit = worker.exitValue();
        Optional<Integer> open = journal.open(executions.size());
        if (open.isPresent()) {
            fail(open.get(), executions.get(open.get()), ended.isEmpty() ? "the process ended, " + exit(exit) : ended);
        } else if (exit != Worker.DONE && exit != Worker.REFUSED && exit != Worker.HEAP_EXHAUSTED) {
            throw new RefusedRun("the worker ended before it ran a case, " + exit(exit) + ": " + tail());
        }
        return exit;
    }

    private void fail(int index, Execution execution, String how) throws IOException {
        String said = tail();
        journal.end(
                index,
                new CaseResult(
                        execution.executed(),
                        execution.seed(),
                        Status.FAILED,
                        Optional.of(execution.executed().rule()),
                        how + (said.isEmpty() ? "" : "; its last words: " + said),
                        0,
                        0));
    }

    /** Waits; returns why it was stopped, or nothing if it ended by itself. */
    private String await(Process worker, int total) throws IOException, InterruptedException {
        long size = -1;
        Duration waited = Duration.ZERO;
        while (!worker.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
            long now = Files.size(journal.file());
            // Polls are counted: while both processes are stopped, nobody loses patience.
            waited = now != size ? Duration.ZERO : waited.plusMillis(POLL_MILLIS);
            if (now != size) {
                size = now;
                show(total);
            } else if (waited.compareTo(patience) > 0) {
                worker.destroyForcibly();
                return "stopped because it did not finish within " + patience.toSeconds() + " s";
            }
        }
        return "";
    }

    private void show(int total) throws IOException {
        if (System.console() != null) {
            String index = journal.last("begin").map(fields -> fields.get(1)).orElse("0");
            progress.printf("\r%s of %d", index, total);
            progress.flush();
        }
    }

    private Path log() {
        return journal.file().resolveSibling(journal.file().getFileName() + ".log");
    }

    private String tail() throws IOException {
        String text = new String(Files.readAllBytes(log()), StandardCharsets.UTF_8).strip();
        return text.substring(Math.max(0, text.length() - 400)).replace('\n', ' ');
    }

    // A process that a signal ended has 128 and the signal's number as its code.
    private static String exit(int code) {
        return code > 128 ? "signal " + (code - 128) : "exit code " + code;
    }
}
