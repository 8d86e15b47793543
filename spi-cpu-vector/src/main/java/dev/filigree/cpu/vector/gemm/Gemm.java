package dev.filigree.cpu.vector.gemm;

import dev.filigree.cpu.vector.parallel.WorkerPool;

/**
 * A prepared product {@code out[m, n] = a[m, k] b[n, k]^T (+ bias[n])} on all workers of a pool. Storage is f32, f16 or
 * bf16 for each operand, compute and accumulation are f32.
 *
 * <p>One call at a time: what the call was given is kept in the object so that {@link #run} allocates nothing.
 */
public final class Gemm {
    /**
     * Up to about this many tokens, packing a panel costs more than summing across lanes. The two sum in another order, so
     * the choice is made by the most tokens of a run and not by those of one run: what a token gives in a decode step is
     * the same to the bit however many share the step, up to this many.
     */
    private static final int FEW_TOKENS = 32;

    private final WorkerPool pool;
    private final GemmShape shape;
    private final GemmCall call = new GemmCall();
    private final PanelGemm panels;
    private final DotGemm dots;
    private final boolean few;
    private final long bytesPerWorker;
    private final WorkerPool.Body panelTask;
    private final WorkerPool.Body dotTask;
    private long work;

    /**
     * Prepares a product.
     *
     * @param shape what is fixed
     * @param pool who computes it
     */
    public Gemm(GemmShape shape, WorkerPool pool) {
        this.pool = pool;
        this.shape = shape;
        panels = new PanelGemm(shape, call, pool.numWorkers());
        dots = new DotGemm(shape, call, pool.numWorkers(), FEW_TOKENS);
        few = shape.maxM() <= FEW_TOKENS && shape.k() > 0;
        long bytes = few ? dots.workspaceBytesPerWorker() : panels.workspaceBytesPerWorker();
        bytesPerWorker = Math.ceilDiv(bytes, 256L) * 256;
        panelTask = (worker, task) -> panels.run(task, work + worker * bytesPerWorker);
        dotTask = (worker, task) -> dots.run(task, work + worker * bytesPerWorker);
    }

    /** Returns the exact size of the workspace, bytes. */
    public long workspaceBytes() {
        return bytesPerWorker * pool.numWorkers();
    }

    /**
     * Computes one product. Operands are addresses, strides are bytes from row to row; elements of a row are contiguous.
     * The result must not overlap an input.
     *
     * @param m rows of A, 0 to {@code maxM}
     * @param a {@code [m, k]}
     * @param aStride row stride of A
     * @param b {@code [n, k]}
     * @param bStride row stride of B
     * @param bias {@code [n]}; not read when the shape has none
     * @param out {@code [m, n]}
     * @param outStride row stride of the result
     * @param workspace {@link #workspaceBytes} of scratch, best aligned to 64 bytes
     */
    public void run(
            int m, long a, long aStride, long b, long bStride, long bias, long out, long outStride, long workspace) {
        call.m = m;
        call.a = a;
        call.aStride = aStride;
        call.b = b;
        call.bStride = bStride;
        call.bias = bias;
        call.out = out;
        call.outStride = outStride;
        work = workspace;
        if (few) {
            pool.parallelFor(m == 0 ? 0 : dots.numTasks(), dotTask);
        } else {
            pool.parallelFor(panels.numTasks(), panelTask);
        }
    }
}
