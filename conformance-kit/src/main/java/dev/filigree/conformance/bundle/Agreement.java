package dev.filigree.conformance.bundle;

import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.conformance.cases.CaseBody;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.check.CheckedBackend;
import dev.filigree.conformance.compare.Comparison;
import dev.filigree.conformance.compare.TensorCompare;
import dev.filigree.conformance.compare.Tolerance;
import dev.filigree.conformance.compare.Tolerances;
import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.problem.Outputs;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.Subject;
import dev.filigree.conformance.problem.TensorData;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Holds two backends against each other: the same problem of the same seed on both. Integers, codes, chosen lists and page bytes
 * must have equal bits; floats may differ by what both may be wrong together. Where one plan scores and then chooses, each
 * backend's choice has its certificate (R617) and lists are not compared.
 */
public final class Agreement implements AutoCloseable {
    private final CheckedBackend firstBackend;
    private final CheckedBackend secondBackend;
    private final Subject first;
    private final Subject second;

    /** Opens both. */
    public Agreement(BackendProvider first, BackendProvider second) {
        firstBackend = new CheckedBackend(first.open(BackendOptions.NONE));
        secondBackend = new CheckedBackend(second.open(BackendOptions.NONE));
        this.first = new Subject(firstBackend);
        this.second = new Subject(secondBackend);
    }

    /**
     * What came of some cases.
     *
     * @param compared cases that both ran
     * @param unsupported cases that one of them does not run
     * @param exact tensors of integers, codes and pages with equal bits
     * @param margin largest share of a tolerance that a difference used
     * @param differences what differs by more than it may
     */
    public record Figures(int compared, int unsupported, int exact, double margin, List<String> differences) {}

    /** Compares all cases that compare with the reference, each with its fixed seed xor a further one. */
    public Figures compare(List<ConformanceCase> cases, long seed) {
        int compared = 0;
        int unsupported = 0;
        int exact = 0;
        double margin = 0;
        List<String> differences = new ArrayList<>();
        for (ConformanceCase one : cases) {
            Optional<Problem> problem = problem(one, one.seed() ^ seed);
            if (problem.isEmpty()) {
                continue;
            }
            if (!firstBackend.refusals(problem.get().plan()).isEmpty()
                    || !secondBackend.refusals(problem.get().plan()).isEmpty()) {
                unsupported++;
                continue;
            }
            compared++;
            Outputs here = first.run(problem.get());
            Outputs there = second.run(problem.get());
            for (TensorRef ref : problem.get().compared()) {
                Comparison comparison = compare(problem.get(), ref, here.get(ref), there.get(ref));
                exact += isExact(ref, problem.get()) && comparison.passed() ? 1 : 0;
                if (comparison.passed()) {
                    margin = Math.max(margin, comparison.margin());
                } else {
                    differences.add(one.id() + "@" + (one.seed() ^ seed) + ", " + ref + ": " + comparison.message());
                }
            }
        }
        return new Figures(compared, unsupported, exact, margin, differences);
    }

    private static Optional<Problem> problem(ConformanceCase one, long seed) {
        return one.body() instanceof CaseBody.Compare(CaseBody.ProblemMaker maker)
                ? Optional.of(maker.make(new Generator(seed)))
                : Optional.empty();
    }

    private static boolean isExact(TensorRef ref, Problem problem) {
        return !problem.plan().tensors().get(ref).dtype().isFloating();
    }

    private static Comparison compare(Problem problem, TensorRef ref, TensorData here, TensorData there) {
        Tolerance tolerance = Tolerances.of(problem.writer(ref), problem.plan().tensors(), ref);
        return TensorCompare.tensors(problem.data(ref), here, there, tolerance.betweenResults());
    }

    @Override
    public void close() {
        first.close();
        second.close();
        firstBackend.close();
        secondBackend.close();
    }
}
