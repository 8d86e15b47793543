package dev.filigree.cpu.vector.ops.loraapply;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.LoraApply;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.RowLoop;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.convert.Storage;
import dev.filigree.cpu.vector.gemm.Gemm;
import dev.filigree.cpu.vector.gemm.GemmShape;
import dev.filigree.cpu.vector.lanes.Memory;
import dev.filigree.cpu.vector.parallel.WorkerPool;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** {@link LoraApply} as two products per adapter over an f32 sum, which is added to y and rounded once. */
public final class LoraApplyVector implements HostKernel {
    private final KernelSite site;
    private final FloatTensor x;
    private final FloatTensor y;
    private final HostTensor strengths;
    private final Adapter[] adapters;
    private final RowLoop addLoop;
    private final long hiddenAt;
    private final long sumAt;
    private final long productAt;

    private record Adapter(FloatTensor down, FloatTensor up, int rank, Gemm downProduct, Gemm upProduct) {}

    /** The kernel of one step. */
    public LoraApplyVector(LoraApply op, KernelSite site) {
        this.site = site;
        x = site.floats(op.x());
        y = site.floats(op.y());
        strengths = site.tensor(op.strengths());
        Sizes sizes = Sizes.of(op, site.decls(op), site.pool());
        sumAt = sizes.gemmBytes + sizes.hiddenBytes;
        productAt = sumAt + sizes.outBytes;
        adapters = new Adapter[op.downs().size()];
        for (int i = 0; i < adapters.length; i++) {
            FloatTensor down = site.floats(op.downs().get(i));
            FloatTensor up = site.floats(op.ups().get(i));
            adapters[i] = new Adapter(
                    down,
                    up,
                    Math.toIntExact(down.tensor().extent(0)),
                    downProduct(op, site.decls(op), i, site.pool()),
                    upProduct(op, site.decls(op), i, site.pool()));
        }
        hiddenAt = sizes.gemmBytes;
        addLoop = new RowLoop(site.pool(), y.rowElements(), this::add);
    }

    private record Sizes(long gemmBytes, long hiddenBytes, long outBytes, long rowBytes) {
        static Sizes of(LoraApply op, Tensors tensors, WorkerPool pool) {
            long gemm = 0;
            long rank = 0;
            for (int i = 0; i < op.downs().size(); i++) {
                gemm = Math.max(gemm, downProduct(op, tensors, i, pool).workspaceBytes());
                gemm = Math.max(gemm, upProduct(op, tensors, i, pool).workspaceBytes());
                rank = Math.max(rank, tensors.get(op.downs().get(i)).capacity(0));
            }
            TensorDecl y = tensors.get(op.y());
            long tokens = y.capacity(0);
            return new Sizes(gemm, align(4 * tokens * rank), align(4 * tokens * y.rowElements()), 4 * y.rowElements());
        }

        private static long align(long bytes) {
            return Math.ceilDiv(bytes, 256L) * 256;
        }
    }

    private static Gemm downProduct(LoraApply op, Tensors tensors, int i, WorkerPool pool) {
        return product(tensors, op.x(), tensors.get(op.x()).dtype(), op.downs().get(i), pool);
    }

    private static Gemm upProduct(LoraApply op, Tensors tensors, int i, WorkerPool pool) {
        return product(tensors, op.x(), DType.F32, op.ups().get(i), pool);
    }

    private static Gemm product(Tensors tensors, TensorRef x, DType left, TensorRef weight, WorkerPool pool) {
        TensorDecl w = tensors.get(weight);
        return new Gemm(
                new GemmShape(
                        Math.toIntExact(tensors.get(x).capacity(0)),
                        Math.toIntExact(w.capacity(0)),
                        Math.toIntExact(w.capacity(1)),
                        FloatTensor.storage(left),
                        FloatTensor.storage(w.dtype()),
                        Optional.empty(),
                        Storage.F32),
                pool);
    }

    /** Room for the products, the hidden rank and two results, and a row per worker. */
    public static ScratchNeed scratch(LoraApply op, Tensors tensors, WorkerPool pool) {
        Sizes sizes = Sizes.of(op, tensors, pool);
        return new ScratchNeed(sizes.gemmBytes + sizes.hiddenBytes + 2 * sizes.outBytes, sizes.rowBytes);
    }

    @Override
    public void run() {
        site.point();
        x.point();
        y.point();
        int rows = Math.toIntExact(x.rows());
        boolean first = true;
        for (int i = 0; i < adapters.length; i++) {
            float strength = strengths.get(strengths.at(i));
            if (strength != 0 && adapters[i].rank > 0) {
                apply(adapters[i], strength, rows, first);
                first = false;
            }
        }
        if (!first) {
            addLoop.run(rows);
        }
    }

    private void apply(Adapter adapter, float strength, int rows, boolean first) {
        adapter.down.point();
        adapter.up.point();
        long hidden = site.shared() + hiddenAt;
        long hiddenStride = 4L * adapter.rank;
        adapter.downProduct.run(
                rows,
                x.address(0),
                x.strideBytes(0),
                adapter.down.address(0),
                adapter.down.strideBytes(0),
                0,
                hidden,
                hiddenStride,
                site.shared());
        scale(hidden, (long) rows * adapter.rank, strength);
        long target = site.shared() + (first ? sumAt : productAt);
        long stride = 4L * y.rowElements();
        adapter.upProduct.run(
                rows,
                hidden,
                hiddenStride,
                adapter.up.address(0),
                adapter.up.strideBytes(0),
                0,
                target,
                stride,
                site.shared());
        if (!first) {
            addTo(site.shared() + sumAt, target, (long) rows * y.rowElements());
        }
    }

    private static void scale(long at, long count, float by) {
        MemorySegment all = Memory.all();
        for (long i = 0; i < count; i++) {
            all.set(JAVA_FLOAT_UNALIGNED, at + 4 * i, by * all.get(JAVA_FLOAT_UNALIGNED, at + 4 * i));
        }
    }

    private static void addTo(long sum, long term, long count) {
        MemorySegment all = Memory.all();
        for (long i = 0; i < count; i++) {
            float value = all.get(JAVA_FLOAT_UNALIGNED, sum + 4 * i) + all.get(JAVA_FLOAT_UNALIGNED, term + 4 * i);
            all.set(JAVA_FLOAT_UNALIGNED, sum + 4 * i, value);
        }
    }

    private void add(int worker, long firstRow, long end) {
        long scratch = site.worker(worker);
        for (long t = firstRow; t < end; t++) {
            y.readSlice(t, 0, scratch, y.rowElements());
            addTo(scratch, site.shared() + sumAt + t * 4L * y.rowElements(), y.rowElements());
            y.writeSlice(t, 0, scratch, y.rowElements());
        }
    }
}
