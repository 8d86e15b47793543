package dev.filigree.conformance.policy;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.conformance.cases.CaseBody;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.rule.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Cases that certify a policy on the backend under judgement. */
public final class PolicyCases {
    private PolicyCases() {}

    /** All cases of some settings. */
    public static List<ConformanceCase> cases(List<PolicySetting> settings) {
        List<ConformanceCase> cases = new ArrayList<>();
        for (PolicySetting setting : settings) {
            add(cases, Rule.R1201, setting, "", c -> equalPlans(c, setting));
            add(cases, Rule.R1202, setting, "", c -> servedHeads(c, setting));
            for (int layer = 0; layer < PolicyLayer.NUM_LAYERS; layer++) {
                PolicyRuns runs = new PolicyRuns(setting.policy(), layer);
                add(cases, Rule.R1203, setting, "layer=" + layer, runs::chunks);
                add(cases, Rule.R1204, setting, "layer=" + layer, runs::batch);
                add(cases, Rule.R1205, setting, "layer=" + layer, runs::countsOnce);
                add(cases, Rule.R1206, setting, "layer=" + layer, runs::cacheMayKeepMore);
                add(cases, Rule.R1210, setting, "layer=" + layer, runs::equalsReference);
                PolicyFloors floors = new PolicyFloors(setting, layer);
                add(cases, Rule.R1207, setting, "layer=" + layer, floors::budget);
                add(cases, Rule.R1208, setting, "layer=" + layer, floors::massAndRecall);
            }
            composed(cases, setting);
        }
        return cases;
    }

    /**
     * Plans the kit's small model once.
     *
     * @throws dev.filigree.api.policy.PolicyRefusal if the options do not fit it, which then is no finding about the policy
     */
    public static void requirePlanned(PolicySetting setting) {
        AttentionPolicy policy = setting.policy();
        problems(policy).forEach(policy::plan);
    }

    private static void add(
            List<ConformanceCase> cases, Rule rule, PolicySetting setting, String part, CaseBody.Property property) {
        Params params = Params.of("policy", setting.text());
        Params whole = part.isEmpty() ? params : params.with((Object[]) part.split("="));
        cases.add(ConformanceCase.of(rule, "Policy", whole, Tier.SMOKE, new CaseBody.Check(property)));
    }

    private static List<AttentionProblem> problems(AttentionPolicy policy) {
        List<AttentionProblem> problems = new ArrayList<>();
        for (int layer = 0; layer < PolicyLayer.NUM_LAYERS; layer++) {
            for (Phase phase : Phase.values()) {
                problems.add(
                        PolicyLayer.of(policy, layer, 3, PolicyRuns.MAX_TOKENS).problem(phase));
            }
        }
        return problems;
    }

    private static void equalPlans(CaseContext c, PolicySetting setting) {
        AttentionPolicy first = setting.policy();
        AttentionPolicy second = setting.policy();
        List<AttentionProblem> problems = problems(first);
        List<AttentionPlan> plans = problems.stream().map(first::plan).toList();
        for (int i = 0; i < plans.size(); i++) {
            AttentionProblem problem = problems.get(i);
            AttentionPlan plan = plans.get(i);
            c.check(
                    plan.equals(first.plan(problem)) && plan.equals(second.plan(problem)),
                    () -> "planned again, layer " + problem.layer() + " in " + problem.phase() + " is another plan");
        }
        c.check(
                first.kvNeeds(PolicyLayer.GEOMETRY).equals(second.kvNeeds(PolicyLayer.GEOMETRY)),
                () -> "asked again, the needs are others");
    }

    private static void servedHeads(CaseContext c, PolicySetting setting) {
        AttentionPolicy policy = setting.policy();
        for (AttentionProblem problem : problems(policy)) {
            for (List<Integer> heads : List.of(List.of(0), List.of(1), List.of(0, 1))) {
                Set<Integer> planned =
                        policy.plan(problem.withHeads(heads)).patterns().keySet();
                c.check(
                        planned.equals(Set.copyOf(heads)),
                        () -> "asked for heads " + heads + " of layer " + problem.layer() + ", planned " + planned);
            }
        }
    }

    /** The policy inside of every other, and every other inside of it. */
    private static void composed(List<ConformanceCase> cases, PolicySetting setting) {
        for (PolicySetting outer : setting.others()) {
            for (String key : outer.nestedKeys()) {
                add(
                        cases,
                        Rule.R1209,
                        setting,
                        "inside=" + outer.provider().name() + "." + key,
                        c -> composes(c, () -> outer.with(Map.of(key, setting.policy()))));
            }
        }
        for (String key : setting.nestedKeys()) {
            for (PolicySetting inner : setting.others()) {
                add(
                        cases,
                        Rule.R1209,
                        setting,
                        key + "=" + inner.provider().name(),
                        c -> composes(c, () -> setting.with(Map.of(key, inner.policy()))));
            }
        }
    }

    private interface Making {
        AttentionPolicy make();
    }

    private static void composes(CaseContext c, Making making) {
        AttentionPolicy composed;
        try {
            composed = making.make();
            problems(composed).forEach(composed::plan);
        } catch (PolicyRefusal e) {
            c.check(e.sentence().length() > 10, () -> "refused without a sentence: " + e.getMessage());
            c.note("refused: " + e.getMessage());
            return;
        }
        for (int layer = 0; layer < PolicyLayer.NUM_LAYERS; layer++) {
            PolicyRuns runs = new PolicyRuns(composed, layer);
            runs.chunks(c);
            runs.countsOnce(c);
        }
    }
}
