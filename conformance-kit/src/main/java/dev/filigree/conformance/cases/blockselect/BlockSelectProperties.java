package dev.filigree.conformance.cases.blockselect;

import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.BlockSelect.GroupMode;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.blockselect.BlockSelectCases.Form;
import dev.filigree.conformance.cases.blocksparseattention.BlockLists;
import dev.filigree.conformance.problem.Outputs;
import java.util.Arrays;
import java.util.stream.IntStream;

/** What choosing blocks must do whatever the reference says. */
final class BlockSelectProperties {
    private static final int HEADS = BlockSelectCases.SHAPE.numQoHeads();

    private BlockSelectProperties() {}

    /** Judges one row of one head. */
    interface RowCheck {
        /** One row and head: diagonal block, blocks that can be reached, masses, chosen blocks. */
        void check(int diagonal, int reachable, float[] mass, int[] chosen);
    }

    static void rows(CaseContext c, Form form, float[] mass, float threshold, RowCheck check) {
        Outputs outputs = c.run(BlockSelectCases.problem(form, mass, BlockSelectCases.thresholds(threshold)));
        int[] offsets = BlockLists.rowOffsets(BlockSelectCases.SHAPE, BlockSelectCases.BLOCK);
        int width = BlockSelectCases.width();
        for (int s = 0; s < BlockSelectCases.SHAPE.numSeqs(); s++) {
            int kvLength = BlockSelectCases.SHAPE.kvLengths()[s];
            int first = (kvLength - BlockSelectCases.SHAPE.qLengths()[s]) / BlockSelectCases.BLOCK;
            int keyBlocks = Math.ceilDiv(kvLength, BlockSelectCases.BLOCK);
            for (int row = offsets[s]; row < offsets[s + 1]; row++) {
                int diagonal = first + row - offsets[s];
                int reachable = form.masking() == Masking.CAUSAL ? diagonal + 1 : keyBlocks;
                for (int h = 0; h < HEADS; h++) {
                    int at = (row * HEADS + h) * width;
                    check.check(diagonal, reachable, Arrays.copyOfRange(mass, at, at + width), list(outputs, row, h));
                }
            }
        }
    }

    static int[] list(Outputs outputs, int row, int head) {
        int count = outputs.ints("blockCounts")[row * HEADS + head];
        int at = (row * HEADS + head) * BlockSelectCases.width();
        return Arrays.copyOfRange(outputs.ints("blockIndices"), at, at + count);
    }

    static void everything(CaseContext c, Form form) {
        float[] mass = BlockSelectCases.randomMass(c.generator());
        rows(
                c,
                form,
                mass,
                1,
                (diagonal, reachable, row, chosen) -> c.same(
                        "blocks at threshold 1", IntStream.range(0, reachable).toArray(), chosen));
    }

    static void nan(CaseContext c, Form form) {
        float[] mass = BlockSelectCases.randomMass(c.generator());
        for (int i = 0; i < mass.length; i += BlockSelectCases.width()) {
            mass[i] = Float.NaN;
        }
        rows(
                c,
                form,
                mass,
                0.5f,
                (diagonal, reachable, row, chosen) -> c.same(
                        "blocks of a row with NaN",
                        IntStream.range(0, reachable).toArray(),
                        chosen));
    }

    static void mandatory(CaseContext c) {
        float[] mass = BlockSelectCases.randomMass(c.generator());
        rows(
                c,
                Form.causal(GroupMode.QUERY_HEAD),
                mass,
                0,
                (diagonal, reachable, row, chosen) -> c.same(
                        "blocks at threshold 0",
                        IntStream.of(0, diagonal).distinct().toArray(),
                        chosen));
        Form keepNone = new Form(Masking.BIDIRECTIONAL, GroupMode.QUERY_HEAD, false, false);
        rows(
                c,
                keepNone,
                mass,
                0,
                (diagonal, reachable, row, chosen) -> c.same("blocks kept unasked", new int[0], chosen));
        Form keepSink = new Form(Masking.BIDIRECTIONAL, GroupMode.QUERY_HEAD, true, false);
        rows(
                c,
                keepSink,
                mass,
                0,
                (diagonal, reachable, row, chosen) -> c.same("the sink block", new int[] {0}, chosen));
    }

    // All blocks weigh 1: half of the mass is reached by the mandatory ones and the lowest of the others.
    static void ties(CaseContext c) {
        float[] mass = new float[BlockSelectCases.numRows() * HEADS * BlockSelectCases.width()];
        Arrays.fill(mass, 1);
        rows(c, Form.causal(GroupMode.QUERY_HEAD), mass, 0.5f, (diagonal, reachable, row, chosen) -> {
            int needed = Math.max(diagonal == 0 ? 1 : 2, Math.ceilDiv(reachable, 2));
            int[] expected = IntStream.concat(
                            IntStream.range(0, needed - (diagonal < needed ? 0 : 1)), IntStream.of(diagonal))
                    .distinct()
                    .sorted()
                    .toArray();
            c.same("blocks among equals", expected, chosen);
        });
    }

    static void fewest(CaseContext c, Form form) {
        float[] mass = BlockSelectCases.randomMass(c.generator());
        for (float threshold : new float[] {0.3f, 0.7f, 0.95f}) {
            rows(
                    c,
                    form,
                    mass,
                    threshold,
                    (diagonal, reachable, row, chosen) -> fewest(c, threshold, diagonal, reachable, row, chosen));
        }
    }

    private static void fewest(CaseContext c, float threshold, int diagonal, int reachable, float[] row, int[] chosen) {
        double total = 0;
        for (int b = 0; b < reachable; b++) {
            total += row[b];
        }
        double taken = 0;
        double smallest = Double.POSITIVE_INFINITY;
        for (int b : chosen) {
            taken += row[b];
            smallest = b == 0 || b == diagonal ? smallest : Math.min(smallest, row[b]);
        }
        double reached = taken;
        double line = threshold * total;
        double least = smallest;
        c.check(reached >= line * (1 - 1e-9), () -> "chosen blocks hold " + reached + ", the line is " + line);
        c.check(
                least == Double.POSITIVE_INFINITY || reached - least < line * (1 + 1e-9),
                () -> "a block of mass " + least + " is chosen beyond the line " + line + " of " + reached);
        for (int b = 0; b < reachable; b++) {
            int block = b;
            boolean left = Arrays.binarySearch(chosen, b) < 0;
            c.check(
                    !left || row[b] <= least,
                    () -> "block " + block + " of mass " + row[block] + " is left out, one of " + least + " is taken");
        }
    }

    static void groups(CaseContext c, GroupMode group) {
        float[] mass = BlockSelectCases.randomMass(c.generator());
        float[] thresholds = BlockSelectCases.thresholds(0.6f);
        Outputs alone = c.run(BlockSelectCases.problem(Form.causal(GroupMode.QUERY_HEAD), mass, thresholds));
        Outputs together = c.run(BlockSelectCases.problem(Form.causal(group), mass, thresholds));
        int size = HEADS / BlockSelectCases.SHAPE.numKvHeads();
        for (int row = 0; row < BlockSelectCases.numRows(); row++) {
            for (int h = 0; h < HEADS; h++) {
                int[] chosen = list(together, row, h);
                c.same("lists of one group", list(together, row, h / size * size), chosen);
                if (group == GroupMode.MEAN) {
                    continue;
                }
                int needed = group == GroupMode.UNION ? 1 : size / 2 + 1;
                int[] votes = new int[BlockSelectCases.width()];
                for (int member = h / size * size; member < (h / size + 1) * size; member++) {
                    for (int b : list(alone, row, member)) {
                        votes[b]++;
                    }
                }
                int[] expected = IntStream.range(0, votes.length)
                        .filter(b -> votes[b] >= needed)
                        .toArray();
                c.same("blocks by vote", expected, chosen);
            }
        }
    }
}
