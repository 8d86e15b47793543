package dev.filigree.conformance.cases.antidiagonalscore;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.AntidiagonalScore;
import dev.filigree.api.op.AntidiagonalScore.Residues;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.blocksparseattention.BlockLists;
import dev.filigree.conformance.cases.shared.AttentionData;
import dev.filigree.conformance.cases.shared.AttentionShape;
import dev.filigree.conformance.cases.shared.AttentionTensorSet;
import dev.filigree.conformance.cases.shared.RowCases;
import dev.filigree.conformance.compare.Tolerances;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import dev.filigree.conformance.rule.Rule;
import java.util.Arrays;
import java.util.List;

/** Estimated mass per block. Chunks start at multiples of the block size, as the engine aligns them. */
public final class AntidiagonalScoreCases {
    /**
     * How mass is estimated.
     *
     * @param blockSize tokens per block
     * @param stride tokens per stripe
     * @param residues how stripes are paired
     * @param masking causal or bidirectional
     */
    public record Form(int blockSize, int stride, Residues residues, Masking masking) {
        /** As case parameters. */
        public Params params() {
            return Params.of("block", blockSize, "stride", stride, "residues", residues, "mask", masking);
        }
    }

    private AntidiagonalScoreCases() {}

    /** A problem over all heads; the result is {@code blockMass}. */
    public static Problem problem(AttentionData data, Form form) {
        AttentionShape shape = data.shape();
        ProblemBuilder builder = new ProblemBuilder("antidiagonal");
        TensorRef q = AttentionTensorSet.queries(builder, data);
        TensorRef k = builder.input(
                "k",
                shape.dtype(),
                data.packedK(),
                builder.axis("numKvTokens", shape.numKvTokens()),
                Dim.fixed("numKvSlots", shape.numKvHeads()),
                Dim.fixed("headDimQk", shape.headDimQk()));
        Dim offsets = builder.axis("numSeqs", shape.numSeqs()).plusOne();
        int[] rows = BlockLists.rowOffsets(shape, form.blockSize());
        TensorRef mass = builder.output(
                "blockMass",
                DType.F32,
                builder.axis("numQBlocks", rows[shape.numSeqs()]),
                Dim.fixed("numQoHeads", shape.numQoHeads()),
                Dim.fixed("maxKvBlocks", maxKvBlocks(shape, form)));
        builder.workload(shape.numSeqs(), shape.numTokens(), shape.maxKvLength());
        return builder.add(new AntidiagonalScore(
                        HeadMap.all(shape.numQoHeads(), shape.numKvHeads()),
                        form.masking(),
                        shape.scale(),
                        form.blockSize(),
                        form.stride(),
                        1,
                        form.residues(),
                        q,
                        k,
                        AttentionTensorSet.qOffsets(builder, shape),
                        builder.ints("kvOffsets", AttentionShape.offsets(shape.kvLengths()), offsets),
                        builder.ints("qBlockOffsets", rows, offsets),
                        mass))
                .build();
    }

    private static int maxKvBlocks(AttentionShape shape, Form form) {
        return Math.ceilDiv(shape.maxKvLength(), form.blockSize()) + 1;
    }

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("AntidiagonalScore");
        for (Residues residues : Residues.values()) {
            for (int[] sizes : new int[][] {{16, 4}, {32, 8}, {64, 16}, {16, 16}, {32, 1}}) {
                for (Masking masking : Masking.values()) {
                    Form form = new Form(sizes[0], sizes[1], residues, masking);
                    for (DType dtype : RowCases.DTYPES) {
                        AttentionShape shape = AttentionShape.ragged(
                                        new int[] {70, 0, 33, 1}, new int[] {70, 5, 97, 129})
                                .heads(4, 2)
                                .dtype(dtype);
                        Tier tier = dtype == DType.F32 ? Tier.SMOKE : Tier.CORE;
                        cases.compare(
                                Rule.R601,
                                tier,
                                form.params().with("dtype", dtype),
                                g -> problem(AttentionData.random(g, shape), form));
                    }
                    cases.check(Rule.R603, Tier.SMOKE, form.params(), c -> stripes(c, form));
                }
                Form causal = new Form(sizes[0], sizes[1], residues, Masking.CAUSAL);
                cases.check(Rule.R602, Tier.SMOKE, causal.params(), c -> chunks(c, causal));
            }
        }
        Form paper = new Form(128, 8, Residues.ANTIDIAGONAL, Masking.CAUSAL);
        AttentionShape large = AttentionShape.of(1024, 1024).heads(4, 1).dims(64, 64);
        cases.compare(Rule.R601, Tier.FULL, paper.params(), g -> problem(AttentionData.random(g, large), paper));
        properties(cases);
        return cases.cases();
    }

    private static void properties(CaseList cases) {
        cases.check(Rule.R621, Tier.SMOKE, Params.of("worked", true), AntidiagonalScoreProperties::golden);
        cases.check(Rule.R621, Tier.SMOKE, Params.of("stride", 1), AntidiagonalScoreProperties::exact);
        cases.check(Rule.R621, Tier.SMOKE, Params.of("dtype", DType.F16), AntidiagonalScoreProperties::overflow);
        for (Residues residues : Residues.values()) {
            for (int stride : new int[] {2, 8, 16}) {
                Form form = new Form(16, stride, residues, Masking.CAUSAL);
                Params params = form.params();
                cases.check(
                        Rule.R621,
                        Tier.SMOKE,
                        params.with("line", true),
                        c -> AntidiagonalScoreProperties.verticalLine(c, form));
                cases.check(
                        Rule.R621,
                        Tier.SMOKE,
                        params.with("even", true),
                        c -> AntidiagonalScoreProperties.uniform(c, form));
                cases.check(
                        Rule.R621,
                        Tier.SMOKE,
                        params.with("shifted", true),
                        c -> AntidiagonalScoreProperties.shifted(c, form));
                cases.check(
                        Rule.R621,
                        Tier.SMOKE,
                        params.with("heads", "equal"),
                        c -> AntidiagonalScoreProperties.equalHeads(c, form));
            }
        }
        slashes(cases);
    }

    private static void slashes(CaseList cases) {
        for (int stride : new int[] {2, 4, 8}) {
            Form antidiagonal = new Form(16, stride, Residues.ANTIDIAGONAL, Masking.CAUSAL);
            Form alternating = new Form(16, stride, Residues.ALTERNATING, Masking.CAUSAL);
            for (int offset : new int[] {32, 33, 34}) {
                cases.check(
                        Rule.R622,
                        Tier.SMOKE,
                        alternating.params().with("offset", offset),
                        c -> AntidiagonalScoreProperties.slash(c, alternating, offset));
                cases.check(
                        Rule.R622,
                        Tier.SMOKE,
                        antidiagonal.params().with("offset", offset),
                        offset % 2 == 1
                                ? c -> AntidiagonalScoreProperties.slash(c, antidiagonal, offset)
                                : c -> AntidiagonalScoreProperties.evenSlashUnseen(c, antidiagonal, offset));
            }
        }
    }

    private static void chunks(CaseContext c, Form form) {
        AttentionShape shape = AttentionShape.of(150, 150);
        AttentionData data = AttentionData.random(c.generator(), shape);
        float[] whole = c.run(problem(data, form)).values("blockMass");
        int width = maxKvBlocks(shape, form);
        for (int from = 0; from < 150; from += form.blockSize()) {
            int to = Math.min(150, from + form.blockSize());
            AttentionData part = data.part(from, to, 0, to);
            float[] mass = c.run(problem(part, form)).values("blockMass");
            int partWidth = maxKvBlocks(part.shape(), form);
            for (int h = 0; h < 2; h++) {
                int row = (from / form.blockSize() * 2 + h) * width;
                float[] expected = Arrays.copyOfRange(whole, row, row + partWidth);
                float[] found = Arrays.copyOfRange(mass, h * partWidth, (h + 1) * partWidth);
                c.close(
                        "row of the chunk at " + from,
                        expected,
                        found,
                        Tolerances.score().betweenResults());
            }
        }
    }

    // Every stripe with a query spreads a probability of one over the blocks of its row.
    private static void stripes(CaseContext c, Form form) {
        AttentionShape shape = AttentionShape.of(83, 83 + form.blockSize());
        float[] mass =
                c.run(problem(AttentionData.random(c.generator(), shape), form)).values("blockMass");
        int width = maxKvBlocks(shape, form);
        for (int row = 0; row < mass.length / width; row++) {
            int first = row / 2 * form.blockSize();
            int queries = Math.min(83 - first, form.blockSize());
            double sum = 0;
            for (int i = 0; i < width; i++) {
                sum += mass[row * width + i];
            }
            c.close("mass of row " + row / 2, Math.ceilDiv(queries, form.stride()), sum, 1e-4 * form.blockSize());
        }
    }
}
