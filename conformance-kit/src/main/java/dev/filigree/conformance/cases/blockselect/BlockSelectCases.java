package dev.filigree.conformance.cases.blockselect;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.BlockSelect;
import dev.filigree.api.op.BlockSelect.GroupMode;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.blocksparseattention.BlockLists;
import dev.filigree.conformance.cases.shared.AttentionShape;
import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import dev.filigree.conformance.rule.Rule;
import java.util.Arrays;
import java.util.List;

/** Choosing blocks by mass. Equal masses give equal lists, bit for bit. */
public final class BlockSelectCases {
    static final int BLOCK = 16;
    static final AttentionShape SHAPE = AttentionShape.ragged(new int[] {70, 0, 33, 1}, new int[] {70, 5, 97, 129})
            .heads(6, 2);

    /**
     * How blocks are chosen.
     *
     * @param masking causal or bidirectional
     * @param group how heads agree
     * @param keepSink keep block 0 in bidirectional rows
     * @param keepDiagonal keep the diagonal in bidirectional rows
     */
    record Form(Masking masking, GroupMode group, boolean keepSink, boolean keepDiagonal) {
        static Form causal(GroupMode group) {
            return new Form(Masking.CAUSAL, group, false, false);
        }

        Params params() {
            return Params.of(
                    "mask", masking, "group", group, "keep", (keepSink ? "s" : "") + (keepDiagonal ? "d" : ""));
        }
    }

    private BlockSelectCases() {}

    /** Key blocks of the longest sequence and one more. */
    static int width() {
        return Math.ceilDiv(SHAPE.maxKvLength(), BLOCK) + 1;
    }

    static int numRows() {
        return BlockLists.rowOffsets(SHAPE, BLOCK)[SHAPE.numSeqs()];
    }

    static float[] randomMass(Generator g) {
        float[] mass = g.normals(numRows() * SHAPE.numQoHeads() * width());
        for (int i = 0; i < mass.length; i++) {
            mass[i] = (float) Math.exp(2 * mass[i]);
        }
        return mass;
    }

    static Problem problem(Form form, float[] mass, float[] thresholds) {
        ProblemBuilder builder = new ProblemBuilder("block select");
        Dim rows = builder.axis("numQBlocks", numRows());
        Dim heads = Dim.fixed("numQoHeads", SHAPE.numQoHeads());
        Dim columns = Dim.fixed("maxKvBlocks", width());
        Dim offsets = builder.axis("numSeqs", SHAPE.numSeqs()).plusOne();
        TensorRef massRef = builder.input("blockMass", DType.F32, mass, rows, heads, columns);
        return builder.workload(SHAPE.numSeqs(), SHAPE.numTokens(), SHAPE.maxKvLength())
                .add(new BlockSelect(
                        HeadMap.all(SHAPE.numQoHeads(), SHAPE.numKvHeads()),
                        form.masking(),
                        BLOCK,
                        form.group(),
                        form.keepSink(),
                        form.keepDiagonal(),
                        massRef,
                        builder.input("thresholds", DType.F32, thresholds, heads),
                        builder.ints("qOffsets", AttentionShape.offsets(SHAPE.qLengths()), offsets),
                        builder.ints("kvOffsets", AttentionShape.offsets(SHAPE.kvLengths()), offsets),
                        builder.ints("qBlockOffsets", BlockLists.rowOffsets(SHAPE, BLOCK), offsets),
                        builder.output("blockCounts", DType.I32, rows, heads),
                        builder.output("blockIndices", DType.I32, rows, heads, columns)))
                .build();
    }

    static float[] thresholds(float value) {
        float[] all = new float[SHAPE.numQoHeads()];
        Arrays.fill(all, value);
        return all;
    }

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("BlockSelect");
        for (GroupMode group : GroupMode.values()) {
            for (Form form : List.of(
                    Form.causal(group),
                    new Form(Masking.BIDIRECTIONAL, group, false, false),
                    new Form(Masking.BIDIRECTIONAL, group, true, true))) {
                for (float threshold : new float[] {0, 0.5f, 0.9f, 0.999f, 1, 2}) {
                    Tier tier = threshold == 0.9f ? Tier.SMOKE : Tier.CORE;
                    Params params = form.params().with("threshold", threshold);
                    cases.compare(Rule.R604, tier, params, g -> problem(form, randomMass(g), thresholds(threshold)));
                }
                cases.check(Rule.R605, Tier.SMOKE, form.params(), c -> BlockSelectProperties.everything(c, form));
                cases.check(Rule.R609, Tier.SMOKE, form.params(), c -> BlockSelectProperties.nan(c, form));
                cases.compare(Rule.R604, Tier.CORE, form.params().with("threshold", "per head"), g -> {
                    float[] each = new float[SHAPE.numQoHeads()];
                    for (int h = 0; h < each.length; h++) {
                        each[h] = g.uniform(0.2, 1);
                    }
                    return problem(form, randomMass(g), each);
                });
            }
            if (group != GroupMode.QUERY_HEAD) {
                cases.check(
                        Rule.R610, Tier.SMOKE, Params.of("group", group), c -> BlockSelectProperties.groups(c, group));
            }
        }
        Form plain = Form.causal(GroupMode.QUERY_HEAD);
        cases.check(Rule.R606, Tier.SMOKE, Params.of(), BlockSelectProperties::mandatory);
        cases.check(Rule.R607, Tier.SMOKE, Params.of(), BlockSelectProperties::ties);
        cases.check(Rule.R608, Tier.SMOKE, plain.params(), c -> BlockSelectProperties.fewest(c, plain));
        goldens(cases);
        return cases.cases();
    }

    private static void goldens(CaseList cases) {
        cases.check(Rule.R608, Tier.SMOKE, Params.of("row", "worked"), BlockSelectGoldens::firstChunkTakesNoBlockMore);
        cases.check(Rule.R608, Tier.SMOKE, Params.of("row", "nested"), BlockSelectGoldens::higherThresholdsNest);
        cases.check(
                Rule.R605,
                Tier.SMOKE,
                Params.of("row", "blocks without mass"),
                BlockSelectGoldens::thresholdOneKeepsBlocksWithoutMass);
        cases.check(
                Rule.R606,
                Tier.SMOKE,
                Params.of("row", "without mass"),
                BlockSelectGoldens::rowWithoutMassKeepsSinkColumnAndDiagonal);
        cases.check(
                Rule.R604,
                Tier.SMOKE,
                Params.of("row", "a threshold per head"),
                BlockSelectGoldens::headsFollowTheirOwnThresholds);
    }
}
