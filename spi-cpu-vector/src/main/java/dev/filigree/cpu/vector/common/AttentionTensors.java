package dev.filigree.cpu.vector.common;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.cpu.vector.attention.AttentionShape;
import dev.filigree.cpu.vector.attention.ContiguousSource;
import dev.filigree.cpu.vector.attention.FlashAttention;
import dev.filigree.cpu.vector.attention.QueryRows;

/** The tensors that attention over contiguous keys and values works on, handed to the tiled kernel before each run. */
public final class AttentionTensors {
    private final KernelSite site;
    private final ContiguousSource source;
    private final FloatTensor q;
    private final FloatTensor k;
    private final FloatTensor v;
    private final HostTensor qOffsets;
    private final HostTensor kvOffsets;
    private final FloatTensor out;
    private final FloatTensor lse;

    /** The tensors of one step. */
    public AttentionTensors(
            KernelSite site,
            TensorRef q,
            TensorRef k,
            TensorRef v,
            TensorRef qOffsets,
            TensorRef kvOffsets,
            TensorRef out,
            TensorRef lse) {
        this.site = site;
        this.q = site.floats(q);
        this.k = site.floats(k);
        this.v = site.floats(v);
        this.qOffsets = site.tensor(qOffsets);
        this.kvOffsets = site.tensor(kvOffsets);
        this.out = site.floats(out);
        this.lse = site.floats(lse);
        source = new ContiguousSource(this.k.storage());
    }

    /** What is fixed about an attention op. */
    public static AttentionShape shape(HeadMap heads, float scale, TensorDecl q, TensorDecl out) {
        return new AttentionShape(
                heads.groupSize(),
                heads.kvHeads().stream().mapToInt(Integer::intValue).toArray(),
                heads.kvSlots().stream().mapToInt(Integer::intValue).toArray(),
                Math.toIntExact(q.capacity(2)),
                Math.toIntExact(out.capacity(2)),
                scale,
                FloatTensor.storage(q.dtype()),
                FloatTensor.storage(out.dtype()));
    }

    /** What is fixed about this step. */
    public AttentionShape shape(HeadMap heads, float scale) {
        return shape(heads, scale, q.tensor().decl(), out.tensor().decl());
    }

    /** Where the keys and values lie. */
    public ContiguousSource source() {
        return source;
    }

    /** Most sequences of a run. */
    public int maxSeqs() {
        return Math.toIntExact(qOffsets.decl().capacity(0) - 1);
    }

    /**
     * Runs the kernel on the tensors of the current run.
     *
     * @throws IndexOutOfBoundsException if offsets do not ascend within their tensors
     */
    public void run(FlashAttention kernel) {
        site.point();
        q.point();
        k.point();
        v.point();
        out.point();
        lse.point();
        check("qOffsets", qOffsets, q.rows());
        check("kvOffsets", kvOffsets, k.rows());
        QueryRows rows = kernel.rows();
        rows.queries(q.address(0), q.strideBytes(0), q.strideBytes(1));
        rows.outs(out.address(0), out.strideBytes(0), out.strideBytes(1));
        rows.lses(lse.address(0), lse.strideBytes(0), lse.strideBytes(1));
        source.keys(k.address(0), k.strideBytes(0), k.strideBytes(1));
        source.values(v.address(0), v.strideBytes(0), v.strideBytes(1));
        source.offsets(Indices.address(kvOffsets));
        int numSeqs = Math.toIntExact(qOffsets.extent(0) - 1);
        kernel.run(numSeqs, Indices.address(qOffsets), Indices.address(kvOffsets), true, site.shared());
    }

    /** Checks an offset array, so that no kernel leaves its tensors. */
    public static void check(String what, HostTensor offsets, long end) {
        int before = 0;
        for (long i = 0; i < offsets.extent(0); i++) {
            int next = offsets.getInt(offsets.at(i));
            if (next < before || next > end) {
                throw new IndexOutOfBoundsException(
                        what + " has " + next + " at " + i + "; accepted are ascending numbers up to " + end);
            }
            before = next;
        }
    }
}
