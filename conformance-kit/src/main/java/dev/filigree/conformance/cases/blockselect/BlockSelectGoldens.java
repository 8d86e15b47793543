package dev.filigree.conformance.cases.blockselect;

import dev.filigree.api.op.BlockSelect.GroupMode;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.blockselect.BlockSelectCases.Form;
import dev.filigree.conformance.problem.Outputs;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** Rows worked out by hand, and what the published selection gets wrong. */
final class BlockSelectGoldens {
    private static final int HEADS = BlockSelectCases.SHAPE.numQoHeads();
    private static final Form CAUSAL = Form.causal(GroupMode.QUERY_HEAD);

    private BlockSelectGoldens() {}

    private static float[] everyRow(float... values) {
        float[] mass = new float[BlockSelectCases.numRows() * HEADS * BlockSelectCases.width()];
        for (int i = 0; i < mass.length; i++) {
            int at = i % BlockSelectCases.width();
            mass[i] = at < values.length ? values[at] : 0;
        }
        return mass;
    }

    /**
     * The worked row of six blocks, its diagonal the last: the sink counts towards the share and nothing is taken beyond
     * it, in the first chunk as in any other.
     */
    static void firstChunkTakesNoBlockMore(CaseContext c) {
        float[] mass = everyRow(.10f, .05f, .40f, .02f, .03f, .40f);
        Map<Float, int[]> expected = new TreeMap<>(Map.of(
                .45f, new int[] {0, 5},
                .60f, new int[] {0, 2, 5},
                .85f, new int[] {0, 2, 5},
                .93f, new int[] {0, 1, 2, 5},
                .97f, new int[] {0, 1, 2, 4, 5}));
        expected.forEach((threshold, blocks) ->
                BlockSelectProperties.rows(c, CAUSAL, mass, threshold, (diagonal, reachable, row, chosen) -> {
                    if (diagonal == 5) {
                        c.same("blocks at threshold " + threshold, blocks, chosen);
                    }
                }));
    }

    /** Blocks whose mass underflowed are blocks too. */
    static void thresholdOneKeepsBlocksWithoutMass(CaseContext c) {
        BlockSelectProperties.rows(
                c,
                CAUSAL,
                everyRow(.5f, .25f, 0, 0, .25f),
                1,
                (diagonal, reachable, row, chosen) -> c.same(
                        "blocks at threshold 1", IntStream.range(0, reachable).toArray(), chosen));
    }

    /** A row without mass keeps the sink column and its diagonal, in every row and not in row 0 alone. */
    static void rowWithoutMassKeepsSinkColumnAndDiagonal(CaseContext c) {
        BlockSelectProperties.rows(
                c,
                CAUSAL,
                everyRow(),
                .9f,
                (diagonal, reachable, row, chosen) -> c.same(
                        "blocks of a row without mass",
                        IntStream.of(0, diagonal).distinct().toArray(),
                        chosen));
    }

    /** A higher threshold never drops a block. */
    static void higherThresholdsNest(CaseContext c) {
        float[] mass = BlockSelectCases.randomMass(c.generator());
        float[] steps = {0, .2f, .5f, .8f, .9f, .99f, 1};
        Outputs below = c.run(BlockSelectCases.problem(CAUSAL, mass, BlockSelectCases.thresholds(steps[0])));
        for (int i = 1; i < steps.length; i++) {
            Outputs above = c.run(BlockSelectCases.problem(CAUSAL, mass, BlockSelectCases.thresholds(steps[i])));
            for (int row = 0; row < BlockSelectCases.numRows(); row++) {
                for (int head = 0; head < HEADS; head++) {
                    int[] wide = BlockSelectProperties.list(above, row, head);
                    for (int block : BlockSelectProperties.list(below, row, head)) {
                        float step = steps[i];
                        c.check(
                                Arrays.binarySearch(wide, block) >= 0,
                                () -> "block " + block + " is dropped at threshold " + step);
                    }
                }
            }
            below = above;
        }
    }

    /** One threshold per head chooses what a run of each threshold alone chooses for that head. */
    static void headsFollowTheirOwnThresholds(CaseContext c) {
        float[] mass = BlockSelectCases.randomMass(c.generator());
        float[] each = new float[HEADS];
        for (int head = 0; head < HEADS; head++) {
            each[head] = .3f + .1f * head;
        }
        Outputs together = c.run(BlockSelectCases.problem(CAUSAL, mass, each));
        for (int head = 0; head < HEADS; head++) {
            Outputs alone = c.run(BlockSelectCases.problem(CAUSAL, mass, BlockSelectCases.thresholds(each[head])));
            for (int row = 0; row < BlockSelectCases.numRows(); row++) {
                c.same(
                        "blocks of head " + head,
                        BlockSelectProperties.list(alone, row, head),
                        BlockSelectProperties.list(together, row, head));
            }
        }
    }
}
