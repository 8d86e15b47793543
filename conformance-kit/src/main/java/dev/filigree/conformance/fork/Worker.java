package dev.filigree.conformance.fork;

import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.DeviceInfo;
import dev.filigree.api.backend.Probe;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.conformance.bundle.Bundle;
import dev.filigree.conformance.certificate.RulesVersion;
import dev.filigree.conformance.run.CaseResult;
import dev.filigree.conformance.run.ConformanceRunner;
import dev.filigree.conformance.run.ConformanceRunner.Execution;
import dev.filigree.conformance.run.Oracle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
        Set<Integer> done = journal.results(executions).keySet();
        try (ConformanceRunner runner = new ConformanceRunner(provider, oracle)) {
            DeviceInfo device = runner.backend().device();
            journal.add("device", device.name(), device.detail());
            runner.record(request.bundles().isPresent());
            for (int i = 0; i < executions.size(); i++) {
                if (!done.contains(i)) {
                    journal.begin(i);
                    CaseResult result = runner.run(executions.get(i));
                    if (result.status() == CaseResult.Status.FAILED
                            && request.bundles().isPresent()) {
                        bundle(request, runner, result)
                                .write(file(request.bundles().get(), result));
                    }
                    journal.end(i, result);
                    if (result.message().startsWith("threw " + OutOfMemoryError.class.getName())) {
                        return HEAP_EXHAUSTED;
                    }
                }
            }
        }
        return DONE;
    }

    private static Bundle bundle(RunRequest request, ConformanceRunner runner, CaseResult result) {
        DeviceInfo device = runner.backend().device();
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("format", "filigree-bundle-1");
        facts.put("case", result.executed().id());
        facts.put("seed", Long.toString(result.seed()));
        facts.put("policies", String.join(" ", request.policies()));
        facts.put("backend", request.backend());
        facts.put("device", device.toString());
        facts.put("rules", RulesVersion.text());
        facts.put("message", result.message());
        return new Bundle(facts, runner.recorded(), runner.recordedReference());
    }

    private static Path file(Path folder, CaseResult result) throws IOException {
        Files.createDirectories(folder);
        String name = result.executed().rule() + "-" + result.executed().op() + "-"
                + Integer.toHexString(result.executed().id().hashCode()) + "-" + result.seed() + ".zip";
        return folder.resolve(name);
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
