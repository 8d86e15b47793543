package dev.filigree.conformance.policy;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.kvcache.KvNeeds;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.UnsupportedCase;
import dev.filigree.conformance.compare.Tolerance;
import dev.filigree.conformance.compare.Tolerances;
import java.util.ArrayList;
import java.util.List;

/** What holds for every policy, whatever it chooses. */
final class PolicyRuns {
    /** Room for a prompt and some decode steps; no multiple of any page or block. */
    static final int MAX_TOKENS = 211;

    private static final int DECODE_STEPS = 6;

    private final AttentionPolicy policy;
    private final int layer;

    PolicyRuns(AttentionPolicy policy, int layer) {
        this.policy = policy;
        this.layer = layer;
    }

    // A needle far ahead of the rest keeps the choice of a selecting policy apart from rounding.
    private static Tokens tokens(CaseContext c, int length) {
        return Tokens.random(c.generator(), length).withNeedle(length / 3, 1);
    }

    /** A whole prompt and decode steps after it. */
    private LayerRows whole(CaseContext c, PolicyLayer run, Tokens tokens) {
        int prompt = tokens.length() - DECODE_STEPS;
        LayerRows rows =
                run.step(c, Phase.PREFILL, List.of(tokens.part(0, prompt))).getFirst();
        for (int t = prompt; t < tokens.length(); t++) {
            rows = LayerRows.of(
                    rows,
                    run.step(c, Phase.DECODE, List.of(tokens.part(t, t + 1))).getFirst());
        }
        return rows;
    }

    private PolicyLayer layer(int numSeqs) {
        return PolicyLayer.of(policy, layer, numSeqs, MAX_TOKENS);
    }

    /** A prompt in chunks gives what it gives whole, and so do the steps after it. */
    void chunks(CaseContext c) {
        Tokens tokens = tokens(c, 150 + c.generator().below(MAX_TOKENS - 150));
        int prompt = tokens.length() - DECODE_STEPS;
        LayerRows whole = whole(c, layer(1), tokens);
        PolicyLayer run = layer(1);
        int multiple = policy.chunkMultiple();
        LayerRows parts = new LayerRows(new float[0], new float[0]);
        for (int at = 0; at < prompt; ) {
            int wanted = at + 1 + c.generator().below(60);
            int to = Math.min(prompt, Math.ceilDiv(wanted, multiple) * multiple);
            parts = LayerRows.of(
                    parts,
                    run.step(c, Phase.PREFILL, List.of(tokens.part(at, to))).getFirst());
            at = to;
        }
        for (int t = prompt; t < tokens.length(); t++) {
            parts = LayerRows.of(
                    parts,
                    run.step(c, Phase.DECODE, List.of(tokens.part(t, t + 1))).getFirst());
        }
        close(c, "in chunks", whole, parts);
    }

    /** Sequences of a batch, one without a prompt among them, give what each gives alone. */
    void batch(CaseContext c) {
        List<Tokens> sequences = List.of(tokens(c, 97), tokens(c, DECODE_STEPS), tokens(c, 170));
        PolicyLayer together = layer(sequences.size());
        List<Tokens> prompts = sequences.stream()
                .map(s -> s.part(0, s.length() - DECODE_STEPS))
                .toList();
        List<LayerRows> rows = new ArrayList<>(together.step(c, Phase.PREFILL, prompts));
        for (int step = 0; step < DECODE_STEPS; step++) {
            int past = step;
            List<LayerRows> next = together.step(
                    c,
                    Phase.DECODE,
                    sequences.stream()
                            .map(s -> s.part(s.length() - DECODE_STEPS + past, s.length() - DECODE_STEPS + past + 1))
                            .toList());
            for (int s = 0; s < rows.size(); s++) {
                rows.set(s, LayerRows.of(rows.get(s), next.get(s)));
            }
        }
        for (int s = 0; s < sequences.size(); s++) {
            close(c, "sequence " + s + " of a batch", whole(c, layer(1), sequences.get(s)), rows.get(s));
        }
    }

    /** With equal scores lse is the logarithm of how many keys are seen: never more than there are up to the query. */
    void countsOnce(CaseContext c) {
        Tokens tokens = tokens(c, MAX_TOKENS).withUniformKeys();
        LayerRows rows = whole(c, layer(1), tokens);
        for (int t = 0; t < rows.numTokens(); t++) {
            for (int head = 0; head < PolicyLayer.NUM_QO_HEADS; head++) {
                double seen = Math.exp(rows.lse(t, head));
                int most = t + 1;
                int query = t;
                int queryHead = head;
                c.check(
                        Math.abs(seen - Math.rint(seen)) < 0.01 && Math.rint(seen) >= 1 && seen < most + 0.5,
                        () -> "query " + query + " of head " + queryHead + " counts " + seen + " of " + most + " keys");
            }
        }
    }

    /** A cache that keeps everything changes nothing. */
    void cacheMayKeepMore(CaseContext c) {
        Tokens tokens = tokens(c, 187);
        KvNeeds more = ExactCache.keepEverything(policy.kvNeeds(PolicyLayer.GEOMETRY));
        PolicyLayer roomy = new PolicyLayer(policy, more, layer, 1, MAX_TOKENS);
        LayerRows rows;
        try {
            rows = whole(c, roomy, tokens);
        } catch (PolicyRefusal e) {
            throw new UnsupportedCase("the policy refuses a cache that keeps more: " + e.getMessage());
        }
        close(c, "over a cache that keeps everything", whole(c, layer(1), tokens), rows);
    }

    /** The reference backend gives the same. */
    void equalsReference(CaseContext c) {
        Tokens tokens = tokens(c, 163);
        PolicyLayer here = layer(1);
        PolicyLayer there = layer(1);
        Tokens prompt = tokens.part(0, tokens.length() - 1);
        Tokens last = tokens.part(tokens.length() - 1, tokens.length());
        for (Tokens step : List.of(prompt, last)) {
            Phase phase = step == last ? Phase.DECODE : Phase.PREFILL;
            close(
                    c,
                    "on the reference backend",
                    there.step(c.oracle(), phase, List.of(step)).getFirst(),
                    here.step(c, phase, List.of(step)).getFirst());
        }
    }

    private static void close(CaseContext c, String what, LayerRows expected, LayerRows actual) {
        Tolerance rows = Tolerances.attention(DType.F32);
        c.close(what, expected.out(), actual.out(), rows.betweenResults());
        c.close(what + ", lse", expected.lse(), actual.lse(), Tolerances.lse().betweenResults());
    }
}
