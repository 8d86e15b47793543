package dev.filigree.conformance.cases.pagescore;

import dev.filigree.api.op.PageChoice.SelectionScope;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.shared.AttentionData;
import dev.filigree.conformance.cases.shared.AttentionShape;
import dev.filigree.conformance.cases.shared.PageSpec;
import dev.filigree.conformance.cases.shared.PagedPool;

/** Page scores are upper bounds, and no looser than one key's bounds make them. */
final class PageBounds {
    // An f32 sum of up to 64 products, and bounds rounded outwards to f16.
    private static final double SUM_ERROR = 0x1p-17;
    private static final double BOUND_ERROR = 0x1p-10;

    private PageBounds() {}

    // Random keys with outliers a thousand times the rest. With statistics of single tokens the bound is the best key's
    // score.
    static void hold(CaseContext c, AttentionShape shape, PageSpec spec, SelectionScope scope) {
        AttentionData data = AttentionData.random(c.generator(), shape);
        for (int s = 0; s < shape.numSeqs(); s++) {
            for (int i = 0; i < data.k(s).length; i += 37) {
                data.k(s)[i] *= i % 2 == 0 ? 1000 : -0.001f;
            }
        }
        PagedPool pool = PagedPool.of(c.generator(), spec, data);
        float[] scores = c.run(PageScoreCases.problem(data, pool, scope)).values("scores");
        int numLists = scope.numLists(shape.numQoHeads(), shape.numKvHeads());
        int headsPerList = shape.numQoHeads() / numLists;
        for (int s = 0; s < shape.numSeqs(); s++) {
            for (int list = 0; list < numLists; list++) {
                for (int page = 0; page * spec.pageSize() < shape.kvLengths()[s]; page++) {
                    int row = (s * numLists + list) * PageScoreCases.maxPages(spec);
                    page(c, data, pool, s, list * headsPerList, headsPerList, page, scores[row + page]);
                }
            }
        }
    }

    private static void page(
            CaseContext c, AttentionData data, PagedPool pool, int s, int first, int count, int page, float bound) {
        AttentionShape shape = data.shape();
        int group = shape.numQoHeads() / shape.numKvHeads();
        int pageSize = pool.spec().pageSize();
        double best = Double.NEGATIVE_INFINITY;
        double size = 0;
        for (int p = page * pageSize; p < Math.min(shape.kvLengths()[s], (page + 1) * pageSize); p++) {
            for (int h = first; h < first + count; h++) {
                float[] key = pool.key(s, p, h / group);
                double score = 0;
                double sum = 0;
                for (int i = 0; i < key.length; i++) {
                    double product = (double) data.q(s)[h * key.length + i] * key[i];
                    score += product;
                    sum += Math.abs(product);
                }
                best = Math.max(best, score);
                size = Math.max(size, sum);
            }
        }
        double score = best;
        double allowed = size * SUM_ERROR;
        c.check(bound >= score - allowed, () -> "page " + page + " scores " + bound + ", a key of it " + score);
        double loose = size * (SUM_ERROR + BOUND_ERROR) + 1e-6;
        c.check(
                pool.spec().logicalPageSize() > 1 || bound <= score + loose,
                () -> "page " + page + " of single tokens scores " + bound + ", its best key " + score);
    }
}
