package dev.filigree.cpu.vector.ops.linear;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.op.Linear;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.gemm.Gemm;
import dev.filigree.cpu.vector.gemm.GemmShape;
import dev.filigree.cpu.vector.parallel.WorkerPool;
import org.jspecify.annotations.Nullable;

/** {@link Linear} as a {@link Gemm}. */
public final class LinearVector implements HostKernel {
    private final KernelSite site;
    private final Gemm gemm;
    private final FloatTensor x;
    private final FloatTensor weight;
    private final @Nullable FloatTensor bias;
    private final FloatTensor y;

    /** The kernel of one step. */
    public LinearVector(Linear op, KernelSite site) {
        this.site = site;
        x = site.floats(op.x());
        weight = site.floats(op.weight());
        bias = op.bias().map(site::floats).orElse(null);
        y = site.floats(op.y());
        gemm = new Gemm(
                new GemmShape(
                        Math.toIntExact(x.tensor().decl().capacity(0)),
                        Math.toIntExact(weight.tensor().extent(0)),
                        weight.rowElements(),
                        x.storage(),
                        weight.storage(),
                        op.bias().map(site::floats).map(FloatTensor::storage),
                        y.storage()),
                site.pool());
    }

    /** What the product needs. */
    public static ScratchNeed scratch(Linear op, Tensors tensors, WorkerPool pool) {
        TensorDecl w = tensors.get(op.weight());
        GemmShape shape = new GemmShape(
                Math.toIntExact(tensors.get(op.x()).capacity(0)),
                Math.toIntExact(w.capacity(0)),
                Math.toIntExact(w.capacity(1)),
                FloatTensor.storage(tensors.get(op.x()).dtype()),
                FloatTensor.storage(w.dtype()),
                op.bias().map(b -> FloatTensor.storage(tensors.get(b).dtype())),
                FloatTensor.storage(tensors.get(op.y()).dtype()));
        return ScratchNeed.shared(new Gemm(shape, pool).workspaceBytes());
    }

    @Override
    public void run() {
        site.point();
        x.point();
        weight.point();
        y.point();
        long biasAt = 0;
        if (bias != null) {
            bias.point();
            biasAt = bias.address(0);
        }
        gemm.run(
                Math.toIntExact(x.rows()),
                x.address(0),
                x.strideBytes(0),
                weight.address(0),
                weight.strideBytes(0),
                biasAt,
                y.address(0),
                y.strideBytes(0),
                site.shared());
    }
}
