package dev.filigree.cpu.reference.ops.pagescore;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.op.PageChoice.SelectionScope;
import dev.filigree.api.op.PageScore;
import dev.filigree.cpu.reference.common.PageBounds;
import dev.filigree.cpu.reference.common.PagePool;
import dev.filigree.cpu.reference.common.Rows;

/**
 * The definition of {@link PageScore}: the largest {@code sum_c max(q_c * kMax_c, q_c * kMin_c)} of a page's logical
 * pages (Quest section 3.2; LServe section 3.4.2).
 */
public final class PageScoreReference implements HostKernel {
    private final PageScore op;
    private final PagePool pool;
    private final PageBounds bounds;
    private final HostTensor q;
    private final HostTensor kvLengths;
    private final HostTensor scores;
    private final double[] query;

    /** The kernel of one step. */
    public PageScoreReference(PageScore op, HostKernelContext context) {
        this.op = op;
        pool = new PagePool(op.kv(), context);
        bounds = new PageBounds(op.kv().layout());
        q = context.tensor(op.q());
        kvLengths = context.tensor(op.kvLengths());
        scores = context.tensor(op.scores());
        query = new double[op.kv().layout().headDimQk()];
    }

    @Override
    public void run() {
        int pageSize = op.kv().layout().pageSize();
        int headsPerList =
                op.scope() == SelectionScope.QUERY_HEAD ? 1 : op.heads().groupSize();
        for (long s = 0; s < q.extent(0); s++) {
            int kvLength = kvLengths.getInt(kvLengths.at(s));
            for (int i = 0; i < op.heads().numServedQoHeads(); i += headsPerList) {
                int head = op.heads().qoHead(i);
                for (int page = 0; page < Math.ceilDiv(kvLength, pageSize); page++) {
                    double best = Double.NEGATIVE_INFINITY;
                    for (int h = head; h < head + headsPerList; h++) {
                        best = Math.max(best, score(s, h, op.heads().kvSlot(i), page, kvLength));
                    }
                    scores.set(scores.at(s, head / headsPerList, page), best);
                }
            }
        }
    }

    private double score(long s, int h, int place, int page, int kvLength) {
        KvPageLayout layout = op.kv().layout();
        Rows.read(q, q.at(s, h, 0), query);
        long firstToken = (long) page * layout.pageSize();
        long pageOffset = pool.pageOffset(s, firstToken);
        double best = Double.NEGATIVE_INFINITY;
        for (int l = 0; l < layout.logicalPagesPerPage(); l++) {
            if (firstToken + (long) l * layout.logicalPageSize() < kvLength) {
                best = Math.max(best, bound(pageOffset, l, place));
            }
        }
        return best;
    }

    private double bound(long pageOffset, int logicalPage, int place) {
        double sum = 0;
        for (int c = 0; c < query.length; c++) {
            double max = bounds.max(pool.bytes(), pageOffset, logicalPage, place, c);
            double min = bounds.min(pool.bytes(), pageOffset, logicalPage, place, c);
            sum += Math.max(query[c] * max, query[c] * min);
        }
        return sum;
    }
}
