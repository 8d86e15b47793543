package dev.filigree.conformance.cases;

import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.rule.Rule;
import java.util.List;
import java.util.Optional;

/**
 * One case of the kit, as data. The same record is run as a test, timed, and asked for the support matrix.
 *
 * @param op name of the op, or of the part of the contract, that it judges
 * @param params what distinguishes it from other cases of the rule and op
 * @param seed the fixed seed; other seeds make other inputs of the same kind
 * @param rules the rule it is named after, then those it decides besides
 * @param tier the smallest tier that runs it
 * @param body how it decides
 */
public record ConformanceCase(String op, Params params, long seed, List<Rule> rules, Tier tier, CaseBody body) {

    /** Copies the list. */
    public ConformanceCase {
        rules = List.copyOf(rules);
    }

    /** A case whose fixed seed follows from its id. */
    public static ConformanceCase of(Rule rule, String op, Params params, Tier tier, CaseBody body) {
        List<Rule> rules = body instanceof CaseBody.Compare ? List.of(rule, Rule.R102, Rule.R103) : List.of(rule);
        return new ConformanceCase(op, params, Generator.seedOf(id(rule, op, params)), rules, tier, body);
    }

    /** The rule it is named after. */
    public Rule rule() {
        return rules.getFirst();
    }

    /** The unique name, such as {@code required_R201_denseMatchesReference/DenseAttention/dtype=f32,q=17}. */
    public String id() {
        return id(rule(), op, params);
    }

    /** The problem of the fixed seed, for cases that compare with the reference: what perf and support modes use. */
    public Optional<Problem> problem() {
        return body instanceof CaseBody.Compare(CaseBody.ProblemMaker maker)
                ? Optional.of(maker.make(new Generator(seed)))
                : Optional.empty();
    }

    private static String id(Rule rule, String op, Params params) {
        return rule.testName() + "/" + op + (params.values().isEmpty() ? "" : "/" + params);
    }

    @Override
    public String toString() {
        return id();
    }
}
