package dev.filigree.conformance.cases;

import dev.filigree.conformance.rule.Rule;
import java.util.ArrayList;
import java.util.List;

/** Collects the cases of one op. */
public final class CaseList {
    private final String op;
    private final List<ConformanceCase> cases = new ArrayList<>();

    /** An empty list of cases of an op. */
    public CaseList(String op) {
        this.op = op;
    }

    /** Adds a comparison with the reference. */
    public void compare(Rule rule, Tier tier, Params params, CaseBody.ProblemMaker maker) {
        add(rule, tier, params, "oracle", new CaseBody.Compare(maker));
    }

    /** Adds a property. */
    public void check(Rule rule, Tier tier, Params params, CaseBody.Property property) {
        add(rule, tier, params, "property", new CaseBody.Check(property));
    }

    // A property and a comparison of the same rule and parameters need different names.
    private void add(Rule rule, Tier tier, Params params, String kind, CaseBody body) {
        boolean taken = cases.stream()
                .anyMatch(one -> one.rule() == rule && one.params().equals(params));
        cases.add(ConformanceCase.of(rule, op, taken ? params.with(kind, true) : params, tier, body));
    }

    /** The cases so far. */
    public List<ConformanceCase> cases() {
        return List.copyOf(cases);
    }
}
