package dev.filigree.conformance.bundle;

import dev.filigree.api.backend.BackendProvider;
import dev.filigree.conformance.cases.Catalog;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.certificate.GivenText;
import dev.filigree.conformance.certificate.RulesVersion;
import dev.filigree.conformance.policy.PolicyCases;
import dev.filigree.conformance.policy.PolicySetting;
import dev.filigree.conformance.run.CaseResult;
import dev.filigree.conformance.run.ConformanceRunner;
import dev.filigree.conformance.run.ConformanceRunner.Execution;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Runs the case of a bundle here and says, run by run and tensor by tensor, what is as it was there. */
public final class BundleReplay {
    private final Bundle bundle;

    /** A replay of a bundle. */
    public BundleReplay(Bundle bundle) {
        this.bundle = bundle;
    }

    /**
     * What came of a replay.
     *
     * @param here the result on this machine
     * @param lines what is equal and what differs, for people
     * @param sameProblems whether the plans and inputs were those of the bundle
     * @param sameResults whether every output had the bundle's bits
     */
    public record Outcome(CaseResult here, List<String> lines, boolean sameProblems, boolean sameResults) {}

    /**
     * Runs the case.
     *
     * @throws IllegalArgumentException if this kit has no such case
     */
    public Outcome run(BackendProvider provider, BackendProvider oracle) {
        Execution execution = new Execution(find(), bundle.seed());
        try (ConformanceRunner runner = new ConformanceRunner(provider, oracle)) {
            runner.record(true);
            CaseResult result = runner.run(execution);
            List<String> lines = new ArrayList<>();
            lines.add("there: " + bundle.fact("backend") + " on " + bundle.fact("device") + ": "
                    + bundle.fact("message"));
            lines.add("here:  " + runner.backend().name() + " on "
                    + runner.backend().device() + ": "
                    + (result.status() == CaseResult.Status.PASSED ? "passed" : result.message()));
            if (!bundle.fact("rules").equals(RulesVersion.text())) {
                lines.add("the rules there are " + bundle.fact("rules") + ", here " + RulesVersion.text());
            }
            boolean problems = compare(lines, "run", bundle.runs(), runner.recorded(), true);
            boolean results = compare(lines, "run", bundle.runs(), runner.recorded(), false);
            compare(lines, "reference", bundle.reference(), runner.recordedReference(), false);
            return new Outcome(result, lines, problems, results);
        }
    }

    private ConformanceCase find() {
        String id = bundle.fact("case");
        List<ConformanceCase> cases = new ArrayList<>(Catalog.all());
        String policies = bundle.facts().getOrDefault("policies", "");
        if (!policies.isEmpty()) {
            cases.addAll(PolicyCases.cases(
                    Arrays.stream(policies.split(" ")).map(PolicySetting::parse).toList()));
        }
        return cases.stream()
                .filter(one -> one.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("this kit has no case " + GivenText.quote(id)
                        + "; the bundle is of " + bundle.fact("rules") + ", here are " + RulesVersion.text()));
    }

    private static boolean compare(
            List<String> lines, String what, List<RecordedRun> there, List<RecordedRun> here, boolean inputs) {
        boolean equal = there.size() == here.size();
        if (!equal && inputs) {
            lines.add(there.size() + " runs there, " + here.size() + " here");
        }
        for (int i = 0; i < Math.min(there.size(), here.size()); i++) {
            if (inputs && !there.get(i).plan().equals(here.get(i).plan())) {
                lines.add(what + " " + i + ": another plan");
                equal = false;
            }
            Map<String, byte[]> theirs =
                    inputs ? there.get(i).inputs() : there.get(i).outputs();
            Map<String, byte[]> ours =
                    inputs ? here.get(i).inputs() : here.get(i).outputs();
            for (var entry : theirs.entrySet()) {
                byte[] own = ours.getOrDefault(entry.getKey(), new byte[0]);
                int at = Arrays.mismatch(entry.getValue(), own);
                if (at >= 0) {
                    lines.add(what + " " + i + ", " + (inputs ? "input " : "output ") + entry.getKey()
                            + ": differs from byte " + at + " on, in " + differing(entry.getValue(), own) + " of "
                            + entry.getValue().length + " bytes");
                    equal = false;
                }
            }
        }
        return equal;
    }

    private static int differing(byte[] theirs, byte[] ours) {
        int count = Math.abs(theirs.length - ours.length);
        for (int i = 0; i < Math.min(theirs.length, ours.length); i++) {
            count += theirs[i] == ours[i] ? 0 : 1;
        }
        return count;
    }
}
