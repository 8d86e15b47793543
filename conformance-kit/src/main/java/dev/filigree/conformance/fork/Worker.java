package dev.filigree.conformance.fork;

import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.DeviceInfo;
import dev.filigree.api.backend.Probe;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.conformance.run.CaseResult;
import dev.filigree.conformance.run.ConformanceRunner;
import dev.filigree.conformance.run.ConformanceRunner.Execution;
import dev.filigree.conformance.run.Oracle;
import java.io.IOException;
import java.util.List;
import java.util.Set;

/** Runs what a journal asks for and has no result of yet. */
public final class Worker {
    /** Everything was run. */
    public static final int DONE = 0;
    /** The backend cannot be opened here; the journal says why. */
    public static final int REFUSED = 3;
    /** The heap ran out in the last execution, which is recorded; what follows wants a fresh process. */
    static final int HEAP_EXHAUSTED = 77;

    private Worker() {}

    /** Runs and returns an exit code. */
    public static int run(Journal journal, BackendProvider provider, BackendProvider oracle) throws IOException {
        RunRequest request =
                RunRequest.read(journal).orElseThrow(() -> new IllegalArgumentException("the journal is empty"));
        if (BackendSelector.probe(provider) instanceof Probe.Unavailable(var reasons)) {
            journal.add("refused", provider.name() + " is unavailable: " + reasons);
            return REFUSED;
        }
        List<Execution> executions = request.executions();
        Set<Integer> done = Journal.results(journal.lines(), executions).keySet();
        try (ConformanceRunner runner = new ConformanceRunner(provider, oracle)) {
            DeviceInfo device = runner.backend().device();
            journal.add("device", device.name(), device.detail());
            for (int i = 0; i < executions.size(); i++) {
                if (!done.contains(i)) {
                    journal.begin(i);
                    CaseResult result = runner.run(executions.get(i));
                    journal.end(i, result);
                    if (result.message().startsWith("threw " + OutOfMemoryError.class.getName())) {
                        return HEAP_EXHAUSTED;
                    }
                }
            }
        }
        return DONE;
    }

    /** Runs on installed backends, by name. */
    public static int run(Journal journal) throws IOException {
        String name = RunRequest.read(journal).map(RunRequest::backend).orElse("");
        BackendProvider provider = Oracle.named(name)
                .orElseThrow(() -> new IllegalArgumentException(
                        "no backend " + name + " is installed; found are " + Oracle.names()));
        return run(journal, provider, Oracle.find());
    }
}
