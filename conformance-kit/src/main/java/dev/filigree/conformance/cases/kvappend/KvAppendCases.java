package dev.filigree.conformance.cases.kvappend;

import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.op.Rotary;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.shared.PageSpec;
import dev.filigree.conformance.cases.shared.RotaryCode;
import dev.filigree.conformance.cases.shared.RowCases;
import dev.filigree.conformance.rule.Rule;
import java.util.List;
import java.util.Optional;

/** Appending to pages: bytes against the reference and against the layout. */
public final class KvAppendCases {
    private static final int[] PAST = {0, 15, 16, 0, 61};
    private static final int[] FRESH = {1, 2, 33, 0, 1};

    private KvAppendCases() {}

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("KvAppend");
        for (KvPrecision precision : KvPrecision.values()) {
            PageSpec plain = PageSpec.linear(16, precision);
            for (DType dtype : RowCases.DTYPES) {
                AppendShape shape = AppendShape.of(PAST, FRESH, plain).dtype(dtype);
                Tier tier = dtype == DType.F32 ? Tier.SMOKE : Tier.CORE;
                compare(cases, tier, shape);
                compare(
                        cases,
                        Tier.CORE,
                        AppendShape.of(
                                        PAST,
                                        FRESH,
                                        PageSpec.linear(32, precision).stats(16))
                                .dtype(dtype)
                                .dims(48, 80));
                cases.check(Rule.R707, tier, shape.params(), c -> KvAppendProperties.bytes(c, shape));
                for (Rotary.Style style : Rotary.Style.values()) {
                    RotaryCode rotary = new RotaryCode(style, 24, 1);
                    Params params = shape.params().with("style", style);
                    cases.check(Rule.R708, tier, params, c -> KvAppendProperties.rotates(c, shape, rotary));
                }
            }
            AppendShape stats =
                    AppendShape.of(PAST, FRESH, PageSpec.linear(32, precision).stats(16));
            cases.check(Rule.R705, Tier.SMOKE, stats.params(), c -> KvAppendProperties.recycled(c, stats));
            cases.check(Rule.R706, Tier.SMOKE, stats.params(), c -> KvAppendProperties.bounds(c, stats));
            for (DType dtype : List.of(DType.F32, DType.F16)) {
                AppendShape edges =
                        AppendShape.of(new int[] {5}, new int[] {18}, plain).dtype(dtype);
                Params params = edges.params().with("values", "extreme");
                cases.check(Rule.R707, Tier.SMOKE, params, c -> KvAppendProperties.extremes(c, edges));
            }
            AppendShape odd = AppendShape.of(new int[] {7, 0}, new int[] {1, 3}, plain);
            cases.check(Rule.R703, Tier.SMOKE, odd.params(), c -> KvAppendProperties.neighbours(c, odd));
            AppendShape ring = AppendShape.of(new int[] {0, 40, 95}, new int[] {100, 1, 20}, plain.ring(1, 3));
            cases.check(Rule.R704, Tier.SMOKE, ring.params(), c -> KvAppendProperties.bytes(c, ring));
            compare(cases, Tier.CORE, ring);
            AppendShape parts = AppendShape.of(
                    new int[] {5},
                    new int[] {40},
                    PageSpec.linear(16, precision).stats(8));
            cases.check(Rule.R713, Tier.CORE, parts.params(), c -> KvAppendProperties.inParts(c, parts));
        }
        PageSpec half = PageSpec.linear(16, KvPrecision.F16);
        compare(cases, Tier.CORE, AppendShape.of(PAST, FRESH, half).heads(0, 1, 2, 3));
        compare(cases, Tier.CORE, AppendShape.of(PAST, FRESH, half).heads(2));
        cases.compare(
                Rule.R101,
                Tier.CORE,
                Params.of("fresh", "none"),
                g -> AppendData.random(g, AppendShape.of(new int[] {3, 0}, new int[] {0, 0}, half))
                        .problem(Optional.empty()));
        AppendShape large = AppendShape.of(
                        new int[] {0, 1000}, new int[] {2048, 1}, PageSpec.linear(64, KvPrecision.INT4))
                .dims(128, 128)
                .dtype(DType.BF16);
        compare(cases, Tier.FULL, large);
        return cases.cases();
    }

    private static void compare(CaseList cases, Tier tier, AppendShape shape) {
        cases.compare(
                Rule.R701,
                tier,
                shape.params(),
                g -> AppendData.random(g, shape).problem(Optional.empty()));
    }
}
