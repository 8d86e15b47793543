package dev.filigree.conformance.cases.pagedattention;

import static dev.filigree.conformance.cases.pagedattention.PagedAttentionCases.problem;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.op.PageChoice.SelectionScope;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.denseattention.DenseAttentionCases;
import dev.filigree.conformance.cases.shared.AttentionData;
import dev.filigree.conformance.cases.shared.AttentionProperty;
import dev.filigree.conformance.cases.shared.AttentionResult;
import dev.filigree.conformance.cases.shared.AttentionShape;
import dev.filigree.conformance.cases.shared.PageLists;
import dev.filigree.conformance.cases.shared.PageSpec;
import dev.filigree.conformance.cases.shared.PagedPool;
import dev.filigree.conformance.cases.streamingattention.StreamingAttentionCases;
import dev.filigree.conformance.compare.Tolerances;
import dev.filigree.conformance.rule.Rule;
import java.util.Arrays;
import java.util.Optional;

/** What attention over pages must do whatever the reference says. */
final class PagedAttentionProperties {
    private PagedAttentionProperties() {}

    static void add(CaseList cases) {
        AttentionShape shape = AttentionShape.ragged(new int[] {1, 0, 7, 1}, new int[] {1, 5, 64, 93})
                .heads(4, 2);
        for (KvPrecision precision : KvPrecision.values()) {
            PageSpec spec = PageSpec.linear(16, precision);
            Rule rule = precision.isQuantized() ? Rule.R407 : Rule.R403;
            cases.check(rule, Tier.SMOKE, spec.params(), c -> equalsContiguous(c, shape, spec));
            cases.check(Rule.R402, Tier.SMOKE, spec.params(), c -> pageIds(c, shape, spec));
            cases.check(Rule.R404, Tier.CORE, spec.params(), c -> stale(c, shape, spec));
            cases.check(Rule.R408, Tier.CORE, spec.params(), c -> unusedColumns(c, shape, spec));
        }
        PageSpec half = PageSpec.linear(16, KvPrecision.F16);
        for (SelectionScope scope : SelectionScope.values()) {
            cases.check(Rule.R405, Tier.SMOKE, half.params().with("scope", scope), c -> chosen(c, scope));
            cases.check(Rule.R410, Tier.SMOKE, half.params().with("scope", scope), c -> slots(c, scope));
        }
        cases.check(
                Rule.R406,
                Tier.SMOKE,
                half.params(),
                c -> ring(c, PageSpec.linear(16, KvPrecision.F32).ring(1, 3)));
        cases.check(
                Rule.R406,
                Tier.CORE,
                half.params().with("sink", 0),
                c -> ring(c, PageSpec.linear(16, KvPrecision.F32).ring(0, 3)));
        for (int chunk : new int[] {1, 16, 23}) {
            cases.check(Rule.R409, Tier.CORE, half.params().with("chunk", chunk), c -> chunks(c, chunk));
        }
        cases.check(Rule.R202, Tier.SMOKE, half.params(), PagedAttentionProperties::causal);
        cases.check(Rule.R209, Tier.SMOKE, half.params(), c -> ragged(c, shape, half));
        AttentionShape empty = AttentionShape.ragged(new int[] {2, 5}, new int[] {0, 3});
        cases.check(Rule.R203, Tier.SMOKE, half.params(), c -> {
            AttentionData data = AttentionData.random(c.generator(), empty);
            AttentionProperty.emptyRows(c, run(c, data, PagedPool.of(c.generator(), half, data)), 0, 4);
        });
    }

    private static AttentionResult run(CaseContext c, AttentionData data, PagedPool pool) {
        return AttentionProperty.run(c, data, d -> problem(d, pool, HeadPattern.DENSE));
    }

    private static void equalsContiguous(CaseContext c, AttentionShape shape, PageSpec spec) {
        AttentionData data = AttentionData.random(c.generator(), shape);
        PagedPool pool = PagedPool.of(c.generator(), spec, data);
        AttentionResult dense =
                AttentionProperty.run(c, pool.stored(data), d -> DenseAttentionCases.problem(d, Masking.CAUSAL));
        AttentionProperty.same(c, "the same keys side by side:", dense, run(c, data, pool));
    }

    private static void pageIds(CaseContext c, AttentionShape shape, PageSpec spec) {
        AttentionData data = AttentionData.random(c.generator(), shape);
        PagedPool pool = PagedPool.of(c.generator(), spec, data);
        AttentionResult first = run(c, data, pool);
        AttentionResult second = run(c, data, pool.shuffled(c.generator()));
        c.same("out with pages elsewhere", first.out(), second.out());
        c.same("lse with pages elsewhere", first.lse(), second.lse());
    }

    // Slots past a sequence's length may hold anything, here huge keys and values of a former owner.
    private static void stale(CaseContext c, AttentionShape shape, PageSpec spec) {
        AttentionData data = AttentionData.random(c.generator(), shape);
        PagedPool clean = PagedPool.of(c.generator(), spec, data);
        PagedPool stale = clean.copy();
        float[] junk = new float[2 * 32];
        for (int i = 0; i < junk.length; i++) {
            junk[i] = i % 2 == 0 ? 3e4f : -3e4f;
        }
        for (int s = 0; s < shape.numSeqs(); s++) {
            int length = shape.kvLengths()[s];
            for (int p = length; p < Math.ceilDiv(length, spec.pageSize()) * spec.pageSize(); p++) {
                stale.append(s, p, junk, junk, 0);
            }
        }
        AttentionResult first = run(c, data, clean);
        AttentionResult second = run(c, data, stale);
        c.same("out beside stale slots", first.out(), second.out());
        c.same("lse beside stale slots", first.lse(), second.lse());
    }

    private static void unusedColumns(CaseContext c, AttentionShape shape, PageSpec spec) {
        AttentionData data = AttentionData.random(c.generator(), shape);
        PagedPool hostile = PagedPool.of(c.generator(), spec, data);
        PagedPool harmless = hostile.copy();
        for (int s = 0; s < shape.numSeqs(); s++) {
            int[] columns = harmless.columns(s);
            Arrays.fill(columns, Math.ceilDiv(shape.kvLengths()[s], spec.pageSize()), columns.length, 0);
        }
        c.same("out", run(c, data, harmless).out(), run(c, data, hostile).out());
    }

    // A query must see exactly the keys of its list's pages.
    private static void chosen(CaseContext c, SelectionScope scope) {
        AttentionShape shape = AttentionShape.of(1, 93).heads(4, 2);
        AttentionData data = AttentionData.random(c.generator(), shape);
        PagedPool pool = PagedPool.of(c.generator(), PageSpec.linear(16, KvPrecision.F32), data);
        PageLists lists = PageLists.random(c.generator(), shape, 16, scope);
        for (int page = 0; page < 6; page++) {
            int at = page;
            int key = Math.min(92, page * 16 + c.generator().below(16));
            PagedPool broken = pool.copy();
            float[] nan = new float[64];
            Arrays.fill(nan, Float.NaN);
            broken.append(0, key, nan, AttentionData.rows(data.v(0), key, key + 1, 64), 0);
            AttentionResult result =
                    AttentionProperty.run(c, data, d -> problem(d, broken, HeadPattern.DENSE, Optional.of(lists)));
            for (int h = 0; h < 4; h++) {
                int head = h;
                int[] list = lists.lists()[0][scope == SelectionScope.QUERY_HEAD ? h : h / 2];
                boolean seen = Arrays.binarySearch(list, page) >= 0;
                c.check(
                        seen ? result.isNaN(0, h) : result.isClean(0, h),
                        () -> "page " + at + " must " + (seen ? "" : "not ") + "reach head " + head + " with list "
                                + Arrays.toString(list));
            }
        }
    }

    private static void slots(CaseContext c, SelectionScope scope) {
        AttentionShape shape = AttentionShape.ragged(new int[] {1, 1, 1}, new int[] {70, 40, 93})
                .heads(4, 2);
        AttentionData data = AttentionData.random(c.generator(), shape);
        PagedPool pool = PagedPool.of(c.generator(), PageSpec.linear(16, KvPrecision.F32), data);
        PageLists lists = PageLists.random(c.generator(), shape, 16, scope);
        PageLists moved = new PageLists(lists.lists(), new int[] {4, 0, 3}, 5, scope);
        PageLists again = new PageLists(lists.lists(), new int[] {1, 2, 0}, 5, scope);
        AttentionResult first =
                AttentionProperty.run(c, data, d -> problem(d, pool, HeadPattern.DENSE, Optional.of(moved)));
        AttentionResult second =
                AttentionProperty.run(c, data, d -> problem(d, pool, HeadPattern.DENSE, Optional.of(again)));
        c.same("out with lists in other slots", first.out(), second.out());
    }

    // What a ring retains of 150 tokens must give what a streaming head over all of them gives.
    private static void ring(CaseContext c, PageSpec spec) {
        int sink = spec.addressing().column(0) == 0 && spec.addressing().column(3) == 0 ? 0 : 16;
        HeadPattern.Streaming pattern = new HeadPattern.Streaming(sink, 33);
        for (int length : new int[] {1, 16, 47, 64, 65, 80, 150}) {
            AttentionShape shape = AttentionShape.of(1, length).heads(4, 2);
            AttentionData data = AttentionData.random(c.generator(), shape);
            PagedPool pool = PagedPool.of(c.generator(), spec, data);
            AttentionResult expected = AttentionProperty.run(c, data, d -> StreamingAttentionCases.problem(d, pattern));
            AttentionResult actual = AttentionProperty.run(c, data, d -> problem(d, pool, pattern));
            AttentionProperty.same(c, "ring after " + length + " tokens:", expected, actual);
        }
    }

    private static void chunks(CaseContext c, int chunk) {
        AttentionShape shape = AttentionShape.of(70, 70).heads(4, 2);
        AttentionData data = AttentionData.random(c.generator(), shape);
        PageSpec spec = PageSpec.linear(16, KvPrecision.F32);
        PagedPool pool = PagedPool.of(c.generator(), spec, data);
        AttentionResult whole = run(c, data, pool);
        for (int from = 0; from < 70; from += chunk) {
            int to = Math.min(70, from + chunk);
            AttentionResult part = run(c, data.part(from, to, 0, to), pool);
            AttentionProperty.same(c, "chunk at " + from, part, whole, from, to);
        }
    }

    private static void causal(CaseContext c) {
        AttentionShape shape = AttentionShape.of(20, 55);
        AttentionData data = AttentionData.random(c.generator(), shape);
        PageSpec spec = PageSpec.linear(16, KvPrecision.F32);
        AttentionProperty.seesExactly(
                c,
                data,
                d -> problem(
                        d,
                        PagedPool.of(new dev.filigree.conformance.generate.Generator(1), spec, d),
                        HeadPattern.DENSE),
                (q, k) -> k <= q,
                0,
                16,
                40,
                53,
                54);
    }

    private static void ragged(CaseContext c, AttentionShape shape, PageSpec spec) {
        AttentionData data = AttentionData.random(c.generator(), shape);
        AttentionResult batch = run(c, data, PagedPool.of(c.generator(), spec, data));
        for (int s = 0; s < shape.numSeqs(); s++) {
            int[] rows = batch.rowsOf(s);
            AttentionData alone = data.sequence(s);
            AttentionResult one = run(c, alone, PagedPool.of(c.generator(), spec, alone));
            c.close(
                    "sequence " + s,
                    one.out(),
                    batch.out(rows[0], rows[1]),
                    Tolerances.attention(shape.dtype()).betweenResults());
        }
    }
}
