package dev.filigree.conformance.run;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.conformance.bundle.RecordedRun;
import dev.filigree.conformance.cases.CaseBody;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.UnsupportedCase;
import dev.filigree.conformance.check.CheckedBackend;
import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.problem.Outputs;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.Subject;
import dev.filigree.conformance.rule.Rule;
import dev.filigree.conformance.rule.RuleBroken;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;

/** Runs cases against one backend. Not thread-safe. */
public final class ConformanceRunner implements AutoCloseable {
    private final BackendProvider provider;
    private final Backend oracleBackend;
    private final Backend backend;
    private final Subject subject;
    private final Subject oracle;
    private final List<RecordedRun> recorded = new ArrayList<>();
    private final List<RecordedRun> recordedReference = new ArrayList<>();

    /**
     * Opens both backends.
     *
     * @param provider makes the backend under judgement
     * @param oracleProvider makes the reference backend
     */
    public ConformanceRunner(BackendProvider provider, BackendProvider oracleProvider) {
        this(provider, BackendOptions.NONE, oracleProvider);
    }

    /** Opens both backends, the one under judgement with options. */
    public ConformanceRunner(BackendProvider provider, BackendOptions options, BackendProvider oracleProvider) {
        this.provider = provider;
        backend = new CheckedBackend(provider.open(options));
        oracleBackend = oracleProvider.open(BackendOptions.NONE);
        subject = new Subject(backend);
        oracle = new Subject(oracleBackend);
    }

    /** The backend under judgement. */
    public Backend backend() {
        return backend;
    }

    /** Whether to keep what both backends ran in the last execution. */
    public void record(boolean wanted) {
        subject.watch(watcher(wanted, recorded));
        oracle.watch(watcher(wanted, recordedReference));
    }

    private static BiConsumer<Problem, Outputs> watcher(boolean wanted, List<RecordedRun> runs) {
        return (problem, outputs) -> {
            if (wanted) {
                runs.add(RecordedRun.of(problem, outputs));
            }
        };
    }

    /** What the backend under judgement ran in the last execution. */
    public List<RecordedRun> recorded() {
        return List.copyOf(recorded);
    }

    /** What the reference ran in the last execution. */
    public List<RecordedRun> recordedReference() {
        return List.copyOf(recordedReference);
    }

    /** The executions that options ask for, in order. */
    public static List<Execution> plan(List<ConformanceCase> cases, KitOptions options) {
        List<Execution> executions = new ArrayList<>();
        // The id of a case may begin another's; a replay names one.
        boolean whole = cases.stream()
                .map(ConformanceCase::id)
                .anyMatch(id -> options.only().filter(id::equals).isPresent());
        for (ConformanceCase candidate : cases) {
            boolean wanted = options.only()
                    .map(only ->
                            whole ? candidate.id().equals(only) : candidate.id().contains(only))
                    .orElse(candidate.tier().compareTo(options.tier()) <= 0);
            if (!wanted) {
                continue;
            }
            if (options.seed().isPresent()) {
                executions.add(new Execution(candidate, options.seed().getAsLong()));
                continue;
            }
            executions.add(new Execution(candidate, candidate.seed()));
            if (fresh(candidate, options)) {
                executions.add(new Execution(candidate, options.freshSeed()));
            }
        }
        return executions;
    }

    // Smoke repeats itself exactly; core runs a part of the cases, another one each time, with the fresh seed.
    private static boolean fresh(ConformanceCase candidate, KitOptions options) {
        return switch (options.tier()) {
            case SMOKE -> false;
            case CORE -> new Generator(candidate.seed() ^ options.freshSeed()).below(6) == 0;
            case FULL -> true;
        };
    }

    /**
     * A case with a seed.
     *
     * @param executed the case
     * @param seed the seed
     */
    public record Execution(ConformanceCase executed, long seed) {}

    /** Runs a case once. Whatever the backend throws is a failure of the case, so that others still run. */
    public CaseResult run(Execution execution) {
        ConformanceCase executed = execution.executed();
        recorded.clear();
        recordedReference.clear();
        CaseContext context =
                new CaseContext(executed.rule(), provider, subject, oracle, new Generator(execution.seed()));
        long start = System.nanoTime();
        try {
            switch (executed.body()) {
                case CaseBody.Compare(CaseBody.ProblemMaker maker) -> compare(context, maker);
                case CaseBody.Check(CaseBody.Property property) -> property.check(context);
            }
            return result(execution, CaseResult.Status.PASSED, Optional.empty(), context.note(), context, start);
        } catch (UnsupportedCase e) {
            return result(execution, CaseResult.Status.UNSUPPORTED, Optional.empty(), text(e), context, start);
        } catch (RuleBroken e) {
            return result(execution, CaseResult.Status.FAILED, Optional.of(e.rule()), text(e), context, start);
        } catch (RuntimeException | LinkageError | AssertionError | OutOfMemoryError e) {
            // A backend of a third party may fail in any way; one bad case must not end the run.
            String message = "threw " + e + at(e);
            return result(execution, CaseResult.Status.FAILED, Optional.of(executed.rule()), message, context, start);
        }
    }

    private void compare(CaseContext context, CaseBody.ProblemMaker maker) {
        Problem problem = maker.make(context.generator());
        context.requireSupport(problem);
        Outputs expected = oracle.run(problem);
        context.compare(problem, expected, subject.run(problem));
    }

    private static CaseResult result(
            Execution execution,
            CaseResult.Status status,
            Optional<Rule> rule,
            String message,
            CaseContext context,
            long start) {
        long nanos = System.nanoTime() - start;
        return new CaseResult(execution.executed(), execution.seed(), status, rule, message, context.margin(), nanos);
    }

    private static String text(RuntimeException e) {
        return String.valueOf(e.getMessage());
    }

    private static String at(Throwable e) {
        StackTraceElement[] trace = e.getStackTrace();
        return trace.length == 0 ? "" : " at " + trace[0];
    }

    @Override
    public void close() {
        subject.close();
        oracle.close();
        backend.close();
        oracleBackend.close();
    }
}
