package dev.filigree.conformance.cases.pagestats;

import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.op.PageStats;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.shared.AttentionData;
import dev.filigree.conformance.cases.shared.AttentionShape;
import dev.filigree.conformance.cases.shared.PageSpec;
import dev.filigree.conformance.cases.shared.PagedPool;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import dev.filigree.conformance.problem.TensorData;
import dev.filigree.conformance.rule.Rule;
import java.util.List;

/** Recomputed page statistics. */
public final class PageStatsCases {
    private static final AttentionShape SHAPE = AttentionShape.ragged(new int[] {0, 0, 0, 0}, new int[] {1, 37, 0, 80})
            .heads(4, 2);

    private PageStatsCases() {}

    private static Problem problem(PagedPool pool, int[] fromLengths) {
        ProblemBuilder builder = new ProblemBuilder("page stats");
        Dim numSeqs = builder.axis("numSeqs", SHAPE.numSeqs());
        return builder.add(new PageStats(
                        pool.declare(builder, TensorRole.STATE),
                        builder.ints("fromLengths", fromLengths, numSeqs),
                        builder.ints("kvLengths", SHAPE.kvLengths(), numSeqs)))
                .build();
    }

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("PageStats");
        for (KvPrecision precision : KvPrecision.values()) {
            for (int logical : new int[] {4, 16}) {
                PageSpec spec = PageSpec.linear(16, precision).stats(logical);
                cases.check(Rule.R714, Tier.SMOKE, spec.params(), c -> likeAppend(c, spec));
                cases.compare(
                        Rule.R714,
                        Tier.CORE,
                        spec.params().with("from", "middle"),
                        g -> problem(PagedPool.of(g, spec, AttentionData.random(g, SHAPE)), new int[] {0, 21, 0, 64}));
            }
        }
        return cases.cases();
    }

    // Wiped statistics must come back as appending the same tokens one by one leaves them.
    private static void likeAppend(CaseContext c, PageSpec spec) {
        PagedPool pool = PagedPool.of(c.generator(), spec, AttentionData.random(c.generator(), SHAPE));
        PagedPool wiped = pool.copy();
        for (int s = 0; s < SHAPE.numSeqs(); s++) {
            for (int p = 0; p < SHAPE.kvLengths()[s]; p += spec.logicalPageSize()) {
                long base = pool.page(s, p) * pool.layout().pageBytes();
                long entry = 2 * pool.layout().stat(p % spec.pageSize() / spec.logicalPageSize(), 0, 0);
                long size = 2L * pool.layout().numHeads() * pool.layout().headDimQk();
                wiped.bytes()
                        .asSlice(base + pool.layout().kMaxOffset() + entry, size)
                        .fill((byte) 0x7b);
                wiped.bytes()
                        .asSlice(base + pool.layout().kMinOffset() + entry, size)
                        .fill((byte) 0x7b);
            }
        }
        TensorData actual = c.run(problem(wiped, new int[SHAPE.numSeqs()])).get("pages");
        c.same("pages", actual.over(pool.bytes()), actual);
    }
}
