package dev.filigree.conformance.cases.pagedattention;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.op.PageChoice;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.shared.AttentionData;
import dev.filigree.conformance.cases.shared.AttentionShape;
import dev.filigree.conformance.cases.shared.AttentionTensorSet;
import dev.filigree.conformance.cases.shared.PageLists;
import dev.filigree.conformance.cases.shared.PageSpec;
import dev.filigree.conformance.cases.shared.PagedPool;
import dev.filigree.conformance.cases.shared.RowCases;
import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import dev.filigree.conformance.rule.Rule;
import java.util.List;
import java.util.Optional;

/** Attention over cache pages against the reference. */
public final class PagedAttentionCases {
    private static final int[] DECODE = {1, 1, 1, 1};
    private static final int[] DECODE_LENGTHS = {1, 16, 65, 130};

    private PagedAttentionCases() {}

    /** All pages, all heads. */
    public static Problem problem(AttentionData data, PagedPool pool, HeadPattern pattern) {
        return problem(data, pool, pattern, Optional.empty());
    }

    /** Chosen pages, all heads. */
    public static Problem problem(AttentionData data, PagedPool pool, HeadPattern pattern, Optional<PageLists> lists) {
        AttentionShape shape = data.shape();
        return problem(data, pool, pattern, lists, HeadMap.all(shape.numQoHeads(), shape.numKvHeads()));
    }

    /** Chosen pages, some heads. */
    public static Problem problem(
            AttentionData data, PagedPool pool, HeadPattern pattern, Optional<PageLists> lists, HeadMap heads) {
        AttentionShape shape = data.shape();
        ProblemBuilder builder = new ProblemBuilder("paged");
        TensorRef q = AttentionTensorSet.queries(builder, data);
        TensorRef qOffsets = AttentionTensorSet.qOffsets(builder, shape);
        TensorRef kvLengths = builder.ints("kvLengths", shape.kvLengths(), builder.axis("numSeqs", shape.numSeqs()));
        var kv = pool.declare(builder, TensorRole.INPUT);
        Optional<PageChoice> choice =
                lists.map(l -> l.declare(builder, new Generator(shape.numTokens()), TensorRole.INPUT, l.maxChosen()));
        builder.workload(shape.numSeqs(), shape.numTokens(), shape.maxKvLength());
        return builder.add(new PagedAttention(
                        heads,
                        pattern,
                        shape.scale(),
                        kv,
                        q,
                        qOffsets,
                        kvLengths,
                        choice,
                        AttentionTensorSet.out(builder, shape, "out"),
                        AttentionTensorSet.lse(builder, shape, "lse")))
                .build();
    }

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("PagedAttention");
        for (KvPrecision precision : KvPrecision.values()) {
            for (int pageSize : new int[] {16, 32, 64}) {
                AttentionShape decode =
                        AttentionShape.ragged(DECODE, DECODE_LENGTHS).heads(4, 2);
                Tier tier = pageSize == 16 ? Tier.SMOKE : Tier.CORE;
                compare(cases, tier, decode, PageSpec.linear(pageSize, precision), HeadPattern.DENSE);
                AttentionShape chunk = AttentionShape.ragged(new int[] {17, 0, 5, 33}, new int[] {17, 4, 69, 97})
                        .heads(3, 1);
                compare(cases, Tier.CORE, chunk, PageSpec.linear(pageSize, precision), HeadPattern.DENSE);
            }
            AttentionShape wide =
                    AttentionShape.ragged(DECODE, DECODE_LENGTHS).dims(128, 128).heads(8, 1);
            for (DType dtype : RowCases.DTYPES) {
                compare(cases, Tier.CORE, wide.dtype(dtype), PageSpec.linear(16, precision), HeadPattern.DENSE);
                compare(
                        cases,
                        Tier.CORE,
                        wide.dtype(dtype).dims(48, 80),
                        PageSpec.linear(32, precision),
                        HeadPattern.DENSE);
            }
        }
        mixed(cases);
        rings(cases);
        choices(cases);
        AttentionShape large = AttentionShape.ragged(DECODE, new int[] {4096, 1000, 4095, 2048})
                .heads(8, 2)
                .dims(128, 128);
        for (KvPrecision precision : List.of(KvPrecision.F16, KvPrecision.INT8, KvPrecision.INT4)) {
            compare(cases, Tier.FULL, large.dtype(DType.F16), PageSpec.linear(64, precision), HeadPattern.DENSE);
        }
        PagedDecodeCases.add(cases);
        PagedAttentionProperties.add(cases);
        return cases.cases();
    }

    private static void mixed(CaseList cases) {
        PageSpec keysFiner = new PageSpec(
                16,
                KvPrecision.INT8,
                KvPrecision.INT4,
                0,
                PageSpec.linear(16, KvPrecision.F16).addressing());
        AttentionShape decode = AttentionShape.ragged(DECODE, DECODE_LENGTHS).heads(4, 2);
        compare(cases, Tier.CORE, decode, keysFiner, HeadPattern.DENSE);
        compare(cases, Tier.CORE, decode, PageSpec.linear(32, KvPrecision.F16).stats(16), HeadPattern.DENSE);
        compare(
                cases,
                Tier.CORE,
                AttentionShape.ragged(new int[0], new int[0]),
                PageSpec.linear(16, KvPrecision.F16),
                HeadPattern.DENSE);
        compare(
                cases,
                Tier.CORE,
                AttentionShape.ragged(new int[] {3, 1}, new int[] {2, 0}),
                PageSpec.linear(16, KvPrecision.F32),
                HeadPattern.DENSE);
        // The class holds heads 1 and 3 of a layer of four; only head 3 is served.
        AttentionShape all = AttentionShape.ragged(DECODE, DECODE_LENGTHS).heads(8, 2);
        HeadMap heads = HeadMap.byRank(8, 4, List.of(1, 3), List.of(3));
        PageSpec spec = PageSpec.linear(16, KvPrecision.F16);
        cases.compare(Rule.R210, Tier.CORE, all.params().with("class", "[1,3]", "served", "[3]"), g -> {
            AttentionData data = AttentionData.random(g, all);
            return problem(data, PagedPool.of(g, spec, data), HeadPattern.DENSE, Optional.empty(), heads);
        });
    }

    private static void rings(CaseList cases) {
        HeadPattern.Streaming pattern = new HeadPattern.Streaming(20, 40);
        for (KvPrecision precision : List.of(KvPrecision.F32, KvPrecision.F16, KvPrecision.INT4)) {
            // 20 sink tokens fill two pages of 16, 40 recent ones need four: three for the past 39, one partial.
            PageSpec ring = PageSpec.linear(16, precision).ring(2, 4);
            AttentionShape shape =
                    AttentionShape.ragged(DECODE, new int[] {5, 33, 65, 200}).heads(4, 2);
            compare(cases, Tier.SMOKE, shape, ring, pattern);
            compare(cases, Tier.CORE, shape, PageSpec.linear(16, precision), pattern);
        }
    }

    private static void choices(CaseList cases) {
        for (PageChoice.SelectionScope scope : PageChoice.SelectionScope.values()) {
            for (KvPrecision precision :
                    List.of(KvPrecision.F32, KvPrecision.BF16, KvPrecision.INT8, KvPrecision.INT4)) {
                AttentionShape shape = AttentionShape.ragged(DECODE, new int[] {1, 48, 65, 200})
                        .heads(4, 2);
                PageSpec spec = PageSpec.linear(16, precision);
                Tier tier = precision == KvPrecision.F32 ? Tier.SMOKE : Tier.CORE;
                chosen(cases, tier, shape, spec, scope);
            }
        }
    }

    static void chosen(
            CaseList cases, Tier tier, AttentionShape shape, PageSpec spec, PageChoice.SelectionScope scope) {
        var params = shape.params().with("scope", scope, "storage", spec.k());
        cases.compare(Rule.R401, tier, params, g -> {
            AttentionData data = AttentionData.random(g, shape);
            PagedPool pool = PagedPool.of(g, spec, data);
            PageLists lists = PageLists.random(g, shape, spec.pageSize(), scope);
            return problem(data, pool, HeadPattern.DENSE, Optional.of(lists));
        });
    }

    static void compare(CaseList cases, Tier tier, AttentionShape shape, PageSpec spec, HeadPattern pattern) {
        boolean nothing = shape.numTokens() == 0;
        var params = shape.params().with("pattern", pattern);
        cases.compare(nothing ? Rule.R101 : Rule.R401, tier, params.with(spec.params()), g -> {
            AttentionData data = AttentionData.random(g, shape);
            return problem(data, PagedPool.of(g, spec, data), pattern);
        });
    }
}
