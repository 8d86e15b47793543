package dev.filigree.conformance.cases.kvdequantize;

import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.Retention;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.kvappend.AppendData;
import dev.filigree.conformance.cases.kvappend.AppendShape;
import dev.filigree.conformance.cases.shared.PageSpec;
import dev.filigree.conformance.cases.shared.RowCases;
import dev.filigree.conformance.cases.shared.RowProblem;
import dev.filigree.conformance.problem.Outputs;
import dev.filigree.conformance.rule.Rule;
import java.util.List;
import java.util.Optional;

/** Gathering pages into contiguous keys and values. */
public final class KvDequantizeCases {
    private static final Retention EVERYTHING = new Retention.Everything();
    private static final int[] PAST = {0, 15, 16, 0, 61};
    private static final int[] FRESH = {1, 2, 33, 0, 1};

    private KvDequantizeCases() {}

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("KvDequantize");
        for (KvPrecision precision : KvPrecision.values()) {
            PageSpec plain = PageSpec.linear(16, precision);
            for (DType dtype : RowCases.DTYPES) {
                AppendShape shape = AppendShape.of(PAST, FRESH, plain).dtype(dtype);
                Tier tier = dtype == DType.F32 ? Tier.SMOKE : Tier.CORE;
                cases.compare(
                        Rule.R709,
                        tier,
                        shape.params(),
                        g -> new GatherData(AppendData.random(g, shape), EVERYTHING, false, dtype).problem());
                AppendShape wide = shape.dims(48, 80);
                cases.check(Rule.R709, tier, wide.params(), c -> gathers(c, wide, EVERYTHING, false));
                cases.check(Rule.R710, tier, wide.params(), c -> gathers(c, wide, EVERYTHING, true));
            }
            for (Retention.SinkAndRecent window : List.of(
                    new Retention.SinkAndRecent(4, 20),
                    new Retention.SinkAndRecent(0, 1),
                    new Retention.SinkAndRecent(20, 33))) {
                PageSpec ring = plain.ring(Math.ceilDiv(window.sink(), 16), Math.ceilDiv(window.recent() - 1, 16) + 1);
                AppendShape shape = AppendShape.of(new int[] {0, 5, 40, 95}, new int[] {7, 0, 1, 20}, ring);
                Params params = shape.params().with("sink", window.sink(), "recent", window.recent());
                cases.check(Rule.R709, Tier.SMOKE, params, c -> gathers(c, shape, window, false));
                cases.compare(
                        Rule.R709,
                        Tier.CORE,
                        params,
                        g -> new GatherData(AppendData.random(g, shape), window, true, DType.F32).problem());
            }
            AppendShape whole = AppendShape.of(new int[] {0, 0}, new int[] {37, 16}, plain);
            cases.check(Rule.R702, Tier.SMOKE, whole.params(), c -> returnsWhatWasStored(c, whole));
        }
        AppendShape none = AppendShape.of(new int[] {0}, new int[] {0}, PageSpec.linear(16, KvPrecision.F16));
        cases.compare(
                Rule.R101,
                Tier.CORE,
                Params.of(),
                g -> new GatherData(AppendData.random(g, none), EVERYTHING, false, DType.F32).problem());
        return cases.cases();
    }

    private static void gathers(CaseContext c, AppendShape shape, Retention retention, boolean roundCurrent) {
        GatherData gather =
                new GatherData(AppendData.random(c.generator(), shape), retention, roundCurrent, shape.dtype());
        same(c, gather, c.run(gather.problem()));
    }

    private static void same(CaseContext c, GatherData gather, Outputs outputs) {
        GatherData.Expected expected = gather.expected();
        c.same("kvPositions", expected.positions(), outputs.ints("kvPositions"));
        c.same("k", RowProblem.rounded(expected.k(), gather.out()), outputs.values("k"));
        c.same("v", RowProblem.rounded(expected.v(), gather.out()), outputs.values("v"));
    }

    private static void returnsWhatWasStored(CaseContext c, AppendShape shape) {
        AppendData data = AppendData.random(c.generator(), shape);
        var pages = c.run(data.problem(Optional.empty())).get("pages");
        AppendShape after = new AppendShape(
                shape.fresh(),
                new int[shape.fresh().length],
                shape.classHeads(),
                shape.headDimQk(),
                shape.headDimVo(),
                DType.F32,
                shape.spec());
        AppendData read = new AppendData(after, data.pool().copy(), new float[0], new float[0]);
        read.pool().bytes().copyFrom(pages.bytes());
        AppendData promised = new AppendData(after, data.expected(Optional.empty()), new float[0], new float[0]);
        Outputs outputs = c.run(new GatherData(read, EVERYTHING, false, DType.F32).problem());
        same(c, new GatherData(promised, EVERYTHING, false, DType.F32), outputs);
    }
}
