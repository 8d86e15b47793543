package dev.filigree.conformance.cases.backend;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.problem.Outputs;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.Subject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Several threads on one backend, each with a stream and plans of its own. */
final class Concurrency {
    private static final int THREADS = 4;

    private Concurrency() {}

    static void threads(CaseContext c) {
        Map<String, Problem> problems = PlanCases.oneOfEachOp(c);
        Map<String, Outputs> expected = new LinkedHashMap<>();
        problems.forEach((op, problem) -> expected.put(op, c.run(problem)));
        try (Backend backend = MemoryCases.open(c);
                ExecutorService pool = Executors.newFixedThreadPool(THREADS)) {
            List<Future<Map<String, Outputs>>> running = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                running.add(pool.submit(() -> runAll(backend, problems)));
            }
            for (Future<Map<String, Outputs>> one : running) {
                results(c, one).forEach((op, outputs) -> {
                    Outputs alone = Objects.requireNonNull(expected.get(op), op);
                    for (TensorRef ref : outputs.data().keySet()) {
                        c.same(op + " beside other threads", alone.get(ref), outputs.get(ref));
                    }
                });
            }
        }
    }

    private static Map<String, Outputs> runAll(Backend backend, Map<String, Problem> problems) {
        Map<String, Outputs> results = new LinkedHashMap<>();
        try (Subject subject = new Subject(backend)) {
            problems.forEach((op, problem) -> results.put(op, subject.run(problem)));
        }
        return results;
    }

    private static Map<String, Outputs> results(CaseContext c, Future<Map<String, Outputs>> one) {
        try {
            return one.get();
        } catch (ExecutionException e) {
            throw c.broken("a thread beside others threw " + e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw c.broken("interrupted");
        }
    }
}
