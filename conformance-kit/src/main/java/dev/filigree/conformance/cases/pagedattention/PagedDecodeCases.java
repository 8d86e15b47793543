package dev.filigree.conformance.cases.pagedattention;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.op.PageChoice;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.shared.AttentionShape;
import dev.filigree.conformance.cases.shared.PageSpec;
import java.util.List;

/** Decode with heads of 128 channels over pages of whole tiles, keys and values of any two precisions. */
final class PagedDecodeCases {
    private static final List<KvPrecision> CODED = List.of(KvPrecision.INT8, KvPrecision.INT4);
    /** Around tiles of 16, 32 and 64 tokens, and several pages. */
    private static final int[] LENGTHS = {1, 63, 65, 300};

    private PagedDecodeCases() {}

    static void add(CaseList cases) {
        for (KvPrecision k : CODED) {
            for (KvPrecision v : CODED) {
                PagedAttentionCases.compare(
                        cases, Tier.CORE, shape(8, 2, DType.F16), spec(64, k, v), HeadPattern.DENSE);
                PagedAttentionCases.compare(
                        cases, Tier.CORE, shape(3, 1, DType.BF16), spec(32, k, v), HeadPattern.DENSE);
            }
            AttentionShape narrow = shape(6, 2, DType.F16).dims(64, 64);
            PagedAttentionCases.compare(cases, Tier.CORE, narrow, spec(64, k, k), HeadPattern.DENSE);
            PagedAttentionCases.compare(cases, Tier.CORE, narrow, spec(48, k, k), HeadPattern.DENSE);
            // Groups of 12 and 11 query heads, of which kernels may take parts.
            PagedAttentionCases.compare(cases, Tier.CORE, shape(12, 1, DType.F16), spec(64, k, k), HeadPattern.DENSE);
            PagedAttentionCases.compare(cases, Tier.CORE, shape(11, 1, DType.F16), spec(48, k, k), HeadPattern.DENSE);
            HeadPattern.Streaming window = new HeadPattern.Streaming(70, 100);
            PagedAttentionCases.compare(cases, Tier.CORE, shape(4, 4, DType.BF16), spec(64, k, k), window);
            // 70 sink tokens fill three pages of 32, 100 recent ones lie in five.
            PagedAttentionCases.compare(
                    cases, Tier.CORE, shape(8, 1, DType.F16), spec(32, k, k).ring(3, 5), window);
            for (PageChoice.SelectionScope scope : PageChoice.SelectionScope.values()) {
                PagedAttentionCases.chosen(cases, Tier.CORE, shape(8, 2, DType.F16), spec(64, k, k), scope);
            }
        }
    }

    private static AttentionShape shape(int numQoHeads, int numKvHeads, DType dtype) {
        return AttentionShape.ragged(new int[] {1, 1, 1, 1}, LENGTHS)
                .heads(numQoHeads, numKvHeads)
                .dims(128, 128)
                .dtype(dtype);
    }

    private static PageSpec spec(int pageSize, KvPrecision k, KvPrecision v) {
        return new PageSpec(pageSize, k, v, 0, PageSpec.linear(pageSize, k).addressing());
    }
}
