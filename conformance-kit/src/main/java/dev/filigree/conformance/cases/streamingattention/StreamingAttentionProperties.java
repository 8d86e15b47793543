package dev.filigree.conformance.cases.streamingattention;

import static dev.filigree.conformance.cases.streamingattention.StreamingAttentionCases.problem;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.Masking;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.denseattention.DenseAttentionCases;
import dev.filigree.conformance.cases.shared.AttentionData;
import dev.filigree.conformance.cases.shared.AttentionProperty;
import dev.filigree.conformance.cases.shared.AttentionResult;
import dev.filigree.conformance.cases.shared.AttentionShape;
import dev.filigree.conformance.rule.Rule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What streaming attention must do whatever the reference says. */
final class StreamingAttentionProperties {
    private StreamingAttentionProperties() {}

    static void add(CaseList cases) {
        for (int[] window : new int[][] {{4, 16}, {0, 1}, {16, 31}, {1, 33}}) {
            HeadPattern.Streaming pattern = new HeadPattern.Streaming(window[0], window[1]);
            for (AttentionShape shape : List.of(AttentionShape.of(70, 70), AttentionShape.of(9, 77))) {
                var params = shape.params().with("sink", window[0], "recent", window[1]);
                cases.check(Rule.R204, Tier.SMOKE, params, c -> window(c, shape, pattern));
                cases.check(Rule.R222, Tier.SMOKE, params, c -> positions(c, shape, pattern));
                cases.check(Rule.R406, Tier.CORE, params, c -> gap(c, shape, pattern));
                cases.check(Rule.R223, Tier.CORE, params, c -> rowByRow(c, shape, pattern));
            }
        }
        AttentionShape ragged = AttentionShape.ragged(new int[] {5, 0, 18, 1}, new int[] {9, 4, 48, 33});
        HeadPattern.Streaming pattern = new HeadPattern.Streaming(2, 7);
        cases.check(
                Rule.R209,
                Tier.SMOKE,
                ragged.params(),
                c -> AttentionProperty.sequencesDoNotMix(
                        c, AttentionData.random(c.generator(), ragged), d -> problem(d, pattern)));
        for (AttentionShape shape :
                List.of(AttentionShape.of(40, 40), AttentionShape.of(9, 65), AttentionShape.of(9, 4))) {
            cases.check(Rule.R224, Tier.SMOKE, shape.params(), c -> wide(c, shape));
        }
        AttentionShape empty = AttentionShape.ragged(new int[] {3, 6}, new int[] {0, 2});
        cases.check(Rule.R203, Tier.SMOKE, empty.params(), c -> {
            AttentionResult result = run(c, AttentionData.random(c.generator(), empty), pattern);
            AttentionProperty.emptyRows(c, result, 0, 7);
        });
    }

    private static AttentionResult run(CaseContext c, AttentionData data, HeadPattern.Streaming pattern) {
        return AttentionProperty.run(c, data, d -> problem(d, pattern));
    }

    private static void window(CaseContext c, AttentionShape shape, HeadPattern.Streaming pattern) {
        AttentionData data = AttentionData.random(c.generator(), shape);
        int last = shape.kvLengths()[0] - 1;
        int[] keys = Arrays.stream(
                        new int[] {0, pattern.sink() - 1, pattern.sink(), pattern.sink() + 1, last - 20, last})
                .filter(key -> key >= 0)
                .distinct()
                .toArray();
        // The mask is spelled out here: the api's own predicate is not its own judge.
        AttentionProperty.seesExactly(
                c,
                data,
                d -> problem(d, pattern),
                (q, k) -> k <= q && (k < pattern.sink() || q - k < pattern.recent()),
                keys);
    }

    // A ring that lost the middle of its past must give what the whole past gives, given true positions.
    private static void gap(CaseContext c, AttentionShape shape, HeadPattern.Streaming pattern) {
        AttentionData data = AttentionData.random(c.generator(), shape);
        int qLength = shape.qLengths()[0];
        int kvLength = shape.kvLengths()[0];
        int firstPosition = kvLength - qLength;
        List<Integer> kept = new ArrayList<>();
        for (int key = 0; key < kvLength; key++) {
            if (key < pattern.sink() || key > firstPosition - pattern.recent()) {
                kept.add(key);
            }
        }
        int[] kvPositions = kept.stream().mapToInt(key -> key).toArray();
        int[] qPositions = new int[qLength];
        Arrays.setAll(qPositions, i -> firstPosition + i);
        AttentionShape shorter = shape.lengths(shape.qLengths(), new int[] {kvPositions.length});
        AttentionData lost = new AttentionData(
                shorter,
                new float[][] {data.q(0)},
                new float[][] {select(data.k(0), kvPositions, shape.numKvHeads() * shape.headDimQk())},
                new float[][] {select(data.v(0), kvPositions, shape.numKvHeads() * shape.headDimVo())});
        AttentionResult expected = run(c, data, pattern);
        AttentionResult actual = AttentionProperty.run(c, lost, d -> problem(d, pattern, qPositions, kvPositions));
        AttentionProperty.same(c, "positions with a gap:", expected, actual);
    }

    // Any ascending positions, queries among them: each key must reach exactly the queries whose window holds it.
    private static void positions(CaseContext c, AttentionShape shape, HeadPattern.Streaming pattern) {
        AttentionData data = AttentionData.random(c.generator(), shape);
        int qLength = shape.qLengths()[0];
        int[] kvPositions = c.generator().subset(120, shape.kvLengths()[0]);
        int[] qPositions = new int[qLength];
        int first = c.generator().below(100);
        Arrays.setAll(qPositions, i -> first + i);
        for (int key : new int[] {0, 1, pattern.sink(), 40, shape.kvLengths()[0] - 1}) {
            AttentionResult result = AttentionProperty.run(
                    c, data.withKey(0, key, Float.NaN), d -> problem(d, pattern, qPositions, kvPositions));
            int k = kvPositions[key];
            for (int i = 0; i < qLength; i++) {
                int q = qPositions[i];
                boolean seen = k <= q && (k < pattern.sink() || q - k < pattern.recent());
                c.check(
                        seen ? result.isNaN(i, 0) : result.isClean(i, 0),
                        () -> "the key at position " + k + " must " + (seen ? "" : "not ") + "reach position " + q);
            }
        }
    }

    private static float[] select(float[] rows, int[] chosen, int width) {
        float[] selected = new float[chosen.length * width];
        for (int i = 0; i < chosen.length; i++) {
            System.arraycopy(rows, chosen[i] * width, selected, i * width, width);
        }
        return selected;
    }

    private static void rowByRow(CaseContext c, AttentionShape shape, HeadPattern.Streaming pattern) {
        AttentionData data = AttentionData.random(c.generator(), shape);
        AttentionResult whole = run(c, data, pattern);
        int shift = shape.kvLengths()[0] - shape.qLengths()[0];
        for (int from = 0; from < shape.qLengths()[0]; from += 27) {
            int to = Math.min(shape.qLengths()[0], from + 27);
            AttentionResult part = run(c, data.part(from, to, 0, to + shift), pattern);
            AttentionProperty.same(c, "chunk at " + from, part, whole, from, to);
        }
    }

    private static void wide(CaseContext c, AttentionShape shape) {
        AttentionData data = AttentionData.random(c.generator(), shape);
        AttentionResult dense = AttentionProperty.run(c, data, d -> DenseAttentionCases.problem(d, Masking.CAUSAL));
        AttentionProperty.same(c, "recent covers all:", dense, run(c, data, new HeadPattern.Streaming(0, 4096)));
        AttentionProperty.same(c, "sink covers all:", dense, run(c, data, new HeadPattern.Streaming(4096, 1)));
    }
}
