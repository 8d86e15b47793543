package dev.filigree.conformance.policy;

import dev.filigree.api.attention.Phase;
import dev.filigree.conformance.cases.CaseContext;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/** What a policy keeps of the attention, and how much it reads for it. */
final class PolicyFloors {
    private static final int LENGTH = 200;
    private static final int NEEDLES = 8;

    private final PolicySetting setting;
    private final int layer;

    PolicyFloors(PolicySetting setting, int layer) {
        this.setting = setting;
        this.layer = layer;
    }

    private PolicyLayer run() {
        return PolicyLayer.of(setting.policy(), layer, 1, LENGTH);
    }

    /**
     * A policy with an option {@code budget} sees at most so many tokens in a decode step, and those appended since its choice,
     * which are fewer than its option {@code reuseInterval}.
     */
    void budget(CaseContext c) {
        OptionalLong asked = option("budget");
        if (asked.isEmpty()) {
            c.note("no option budget");
            return;
        }
        long budget = asked.getAsLong() + option("reuseInterval").orElse(1) - 1;
        Tokens tokens = Tokens.random(c.generator(), LENGTH).withUniformKeys();
        PolicyLayer run = run();
        int prompt = LENGTH - 12;
        run.step(c, Phase.PREFILL, List.of(tokens.part(0, prompt)));
        long most = 0;
        for (int t = prompt; t < LENGTH; t++) {
            LayerRows rows =
                    run.step(c, Phase.DECODE, List.of(tokens.part(t, t + 1))).getFirst();
            for (int head = 0; head < PolicyLayer.NUM_QO_HEADS; head++) {
                most = Math.max(most, Math.round(Math.exp(rows.lse(0, head))));
            }
        }
        long seen = most;
        c.note("decode sees at most " + seen + " of " + LENGTH + " tokens, allowed are " + budget);
        c.check(seen <= budget, () -> "a decode step sees " + seen + " tokens, allowed are " + budget);
    }

    private OptionalLong option(String key) {
        Optional<String> text = setting.provider().options().stream()
                .filter(option -> option.key().equals(key))
                .map(option ->
                        setting.given().getOrDefault(key, option.defaultText().orElse("0")))
                .findFirst();
        return text.isPresent() ? OptionalLong.of(Long.parseLong(text.get())) : OptionalLong.empty();
    }

    /** The share of the softmax mass that is kept, and whether a needle that carries the mass is among it. */
    void massAndRecall(CaseContext c) {
        double least = 1;
        double sum = 0;
        int found = 0;
        int asked = 0;
        int queries = 0;
        for (int i = 0; i < NEEDLES; i++) {
            boolean needle = i % 2 == 0;
            Tokens random = Tokens.random(c.generator(), LENGTH);
            Tokens tokens = needle ? random.withNeedle(i * (LENGTH - 2) / NEEDLES, 2) : random;
            PolicyLayer run = run();
            LayerRows prompt = run.step(c, Phase.PREFILL, List.of(tokens.part(0, LENGTH - 1)))
                    .getFirst();
            LayerRows last = run.step(c, Phase.DECODE, List.of(tokens.part(LENGTH - 1, LENGTH)))
                    .getFirst();
            for (int head = 0; head < PolicyLayer.NUM_QO_HEADS; head++) {
                double before = share(tokens, LENGTH - 2, head, prompt.lse(LENGTH - 2, head));
                double now = share(tokens, LENGTH - 1, head, last.lse(0, head));
                least = Math.min(least, Math.min(before, now));
                sum += before + now;
                queries += 2;
                if (needle) {
                    asked += 2;
                    found += (before > 0.5 ? 1 : 0) + (now > 0.5 ? 1 : 0);
                }
            }
        }
        judge(c, least, sum / queries, (double) found / asked);
    }

    private static double share(Tokens tokens, int position, int head, float lse) {
        return Math.exp(lse - tokens.denseLse(position, head));
    }

    private void judge(CaseContext c, double least, double mean, double recall) {
        c.note(String.format(Locale.ROOT, "mass least %.3f, mean %.3f; recall %.3f", least, mean, recall));
        c.check(mean <= 1.001, () -> "more mass is kept than there is: " + mean);
        c.check(
                mean >= setting.massFloor(),
                () -> "the mean mass kept is " + mean + ", the floor " + setting.massFloor());
        c.check(
                recall >= setting.recallFloor(),
                () -> "the recall is " + recall + ", the floor " + setting.recallFloor());
    }
}
