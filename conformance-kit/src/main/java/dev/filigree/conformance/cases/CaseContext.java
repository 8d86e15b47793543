package dev.filigree.conformance.cases;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.Reason;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.conformance.compare.Comparison;
import dev.filigree.conformance.compare.TensorCompare;
import dev.filigree.conformance.compare.Tolerance;
import dev.filigree.conformance.compare.Tolerances;
import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.problem.Outputs;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.Subject;
import dev.filigree.conformance.problem.TensorData;
import dev.filigree.conformance.rule.Rule;
import dev.filigree.conformance.rule.RuleBroken;
import java.util.List;
import java.util.function.Supplier;

/** What a case works with: the backend under judgement, the seed's numbers, and the judgements themselves. */
public final class CaseContext {
    private final Rule rule;
    private final BackendProvider provider;
    private final Subject subject;
    private final Subject oracle;
    private final Generator generator;
    private double margin;
    private String note = "";

    /**
     * A context of one execution.
     *
     * @param rule the rule the case is named after
     * @param provider of the backend under judgement
     * @param subject the backend under judgement, checked
     * @param oracle the reference backend
     * @param generator the seed's numbers
     */
    public CaseContext(Rule rule, BackendProvider provider, Subject subject, Subject oracle, Generator generator) {
        this.rule = rule;
        this.provider = provider;
        this.subject = subject;
        this.oracle = oracle;
        this.generator = generator;
    }

    /** The seed's numbers. */
    public Generator generator() {
        return generator;
    }

    /** Makes the backend under judgement. */
    public BackendProvider provider() {
        return provider;
    }

    /** The backend under judgement. */
    public Backend backend() {
        return subject.backend();
    }

    /** Runs problems on the backend under judgement. */
    public Subject subject() {
        return subject;
    }

    /** Runs problems on the reference backend. */
    public Subject oracle() {
        return oracle;
    }

    /** Leaves what was measured in the report of a case that passes. */
    public void note(String text) {
        note = text;
    }

    /** What was measured; empty if nothing was. */
    public String note() {
        return note;
    }

    /** The largest share of a tolerance that any comparison so far used. */
    public double margin() {
        return margin;
    }

    /**
     * Runs a problem on the backend under judgement.
     *
     * @throws UnsupportedCase if the backend says that it does not run the plan
     */
    public Outputs run(Problem problem) {
        requireSupport(problem);
        return subject.run(problem);
    }

    /** Ends the case as unsupported if the backend says so. */
    public void requireSupport(Problem problem) {
        List<Reason> reasons = subject.backend().refusals(problem.plan());
        if (!reasons.isEmpty()) {
            throw new UnsupportedCase(reasons);
        }
    }

    /** Holds all compared tensors of a run against the reference's. */
    public void compare(Problem problem, Outputs expected, Outputs actual) {
        for (TensorRef ref : problem.compared()) {
            TensorData before = problem.data(ref);
            Tolerance tolerance =
                    Tolerances.of(problem.writer(ref), problem.plan().tensors(), ref);
            judge("", TensorCompare.tensors(before, expected.get(ref), actual.get(ref), tolerance));
        }
    }

    /** Asks for values within a tolerance of others. */
    public void close(String what, float[] expected, float[] actual, Tolerance tolerance) {
        judge(what + ": ", TensorCompare.values(expected, actual, tolerance));
    }

    /** Asks for a value within some distance of another. */
    public void close(String what, double expected, double actual, double distance) {
        check(
                Math.abs(actual - expected) <= distance,
                () -> what + ": expected " + expected + " within " + distance + ", found " + actual);
    }

    /** Asks for equal bytes. */
    public void same(String what, TensorData expected, TensorData actual) {
        judge(what + ": ", TensorCompare.bits(expected, actual));
    }

    /** Asks for equal values, bit by bit apart from the payload of NaN. */
    public void same(String what, float[] expected, float[] actual) {
        check(
                expected.length == actual.length,
                () -> what + ": " + expected.length + " and " + actual.length + " values");
        for (int i = 0; i < expected.length; i++) {
            int at = i;
            check(
                    Float.compare(expected[i], actual[i]) == 0,
                    () -> what + " at " + at + ": expected exactly " + expected[at] + ", found " + actual[at]);
        }
    }

    /** Asks for equal integers. */
    public void same(String what, int[] expected, int[] actual) {
        int at = java.util.Arrays.mismatch(expected, actual);
        check(
                at < 0,
                () -> what + " at " + at + ": expected " + java.util.Arrays.toString(expected) + ", found "
                        + java.util.Arrays.toString(actual));
    }

    /** Asks for a condition. */
    public void check(boolean holds, Supplier<String> otherwise) {
        if (!holds) {
            throw new RuleBroken(rule, otherwise.get());
        }
    }

    /** Ends the case as failed. */
    public RuleBroken broken(String message) {
        return new RuleBroken(rule, message);
    }

    private void judge(String what, Comparison comparison) {
        if (!comparison.passed()) {
            throw new RuleBroken(rule, what + comparison.message());
        }
        margin = Math.max(margin, comparison.margin());
    }
}
