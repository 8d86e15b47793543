package dev.filigree.cpu.vector.ops.pagedattention;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.PageChoice;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.attention.AttentionShape;
import dev.filigree.cpu.vector.attention.FlashAttention;
import dev.filigree.cpu.vector.attention.PageVisits;
import dev.filigree.cpu.vector.attention.PagedDecode;
import dev.filigree.cpu.vector.attention.PagedSource;
import dev.filigree.cpu.vector.attention.VisibleKeys;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.Indices;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.PagePool;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.parallel.WorkerPool;

/**
 * {@link PagedAttention}: few queries per sequence read pages as they lie, split between workers; many queries read them
 * into tiles that are packed once for all.
 */
public final class PagedAttentionVector implements HostKernel {
    /** Up to this many queries a sequence, packing a tile costs more than it saves. */
    private static final int FEW_QUERIES = 4;

    private final KernelSite site;
    private final PagePool pages;
    private final PagedDecode.Tensors tensors;
    private final PagedDecode decode;
    private final FlashAttention flash;
    private final boolean chosen;

    /** The kernel of one step. */
    public PagedAttentionVector(PagedAttention op, KernelSite site) {
        this.site = site;
        pages = new PagePool(op.kv(), site);
        chosen = op.choice().isPresent();
        tensors = new PagedDecode.Tensors(
                site.floats(op.q()),
                site.tensor(op.qOffsets()),
                site.tensor(op.kvLengths()),
                op.choice().map(PageChoice::slots).map(site::tensor).orElse(null),
                site.floats(op.out()),
                site.floats(op.lse()));
        Tensors decls = site.decls(op);
        AttentionShape shape = shape(op, decls);
        VisibleKeys visible = visible(op);
        int maxSeqs = Math.toIntExact(tensors.kvLengths().decl().capacity(0));
        flash = new FlashAttention(shape, visible, new PagedSource(pages), null, maxSeqs, site.pool());
        PageVisits[] visits = new PageVisits[site.pool().numWorkers()];
        for (int worker = 0; worker < visits.length; worker++) {
            visits[worker] = new PageVisits(
                    op.pattern(),
                    op.kv().layout().pageSize(),
                    op.choice().map(PageChoice::counts).map(site::tensor).orElse(null),
                    op.choice().map(PageChoice::pages).map(site::tensor).orElse(null));
        }
        decode = new PagedDecode(shape, pages, visits, limits(op, decls), site.pool());
    }

    /** What either way needs. */
    public static ScratchNeed scratch(PagedAttention op, Tensors tensors, WorkerPool pool) {
        AttentionShape shape = shape(op, tensors);
        return ScratchNeed.shared(Math.max(
                PagedSource.flashBytes(shape, visible(op), pool),
                PagedDecode.workspaceBytes(shape, op.kv().layout(), limits(op, tensors), pool.numWorkers())));
    }

    private static VisibleKeys visible(PagedAttention op) {
        return op.pattern() instanceof HeadPattern.Streaming(int sink, int recent)
                ? VisibleKeys.streaming(sink, recent)
                : VisibleKeys.dense(true);
    }

    private static AttentionShape shape(PagedAttention op, Tensors tensors) {
        HeadMap heads = op.heads();
        return new AttentionShape(
                heads.groupSize(),
                heads.kvHeads().stream().mapToInt(Integer::intValue).toArray(),
                heads.kvSlots().stream().mapToInt(Integer::intValue).toArray(),
                Math.toIntExact(tensors.get(op.q()).capacity(2)),
                Math.toIntExact(tensors.get(op.out()).capacity(2)),
                op.scale(),
                FloatTensor.storage(tensors.get(op.q()).dtype()),
                FloatTensor.storage(tensors.get(op.out()).dtype()));
    }

    /** The pages of the sink and of the window may meet in one, which counts twice. */
    private static PagedDecode.Limits limits(PagedAttention op, Tensors tensors) {
        long visits = op.choice()
                .map(c -> PageVisits.visitsPerChosen(op.pattern())
                        * tensors.get(c.pages()).capacity(2))
                .orElseGet(() -> tensors.get(op.kv().pageTable()).capacity(1) + 1);
        PagedDecode.Readers readers = op.choice()
                .map(c -> c.scope() == PageChoice.SelectionScope.QUERY_HEAD
                        ? PagedDecode.Readers.HEAD
                        : PagedDecode.Readers.GROUP)
                .orElse(PagedDecode.Readers.ALL_HEADS);
        int maxTokens = Math.toIntExact(tensors.get(op.q()).capacity(0));
        return new PagedDecode.Limits(maxTokens, Math.toIntExact(visits), readers);
    }

    @Override
    public void run() {
        site.point();
        pages.point();
        FloatTensor q = tensors.q();
        FloatTensor out = tensors.out();
        FloatTensor lse = tensors.lse();
        q.point();
        out.point();
        lse.point();
        if (chosen || mostQueries() <= FEW_QUERIES) {
            decode.run(tensors, site.shared());
            return;
        }
        flash.rows().queries(q.address(0), q.strideBytes(0), q.strideBytes(1));
        flash.rows().outs(out.address(0), out.strideBytes(0), out.strideBytes(1));
        flash.rows().lses(lse.address(0), lse.strideBytes(0), lse.strideBytes(1));
        int numSeqs = Math.toIntExact(tensors.qOffsets().extent(0) - 1);
        long offsets = Indices.address(tensors.qOffsets());
        flash.run(numSeqs, offsets, Indices.address(tensors.kvLengths()), false, site.shared());
    }

    private int mostQueries() {
        HostTensor offsets = tensors.qOffsets();
        int most = 0;
        for (long s = 0; s + 1 < offsets.extent(0); s++) {
            most = Math.max(most, offsets.getInt(offsets.at(s + 1)) - offsets.getInt(offsets.at(s)));
        }
        return most;
    }
}
