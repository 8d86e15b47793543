package dev.filigree.cpu.vector;

import dev.filigree.api.host.HostBackend;
import dev.filigree.api.host.HostMemory;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.parallel.WorkerPool;

/** Every op on the vector unit and all threads it was given. Closing it ends the threads. */
public final class VectorBackend extends HostBackend {
    private final WorkerPool pool;

    /**
     * A backend.
     *
     * @param threads that compute, the caller's included, 1 or more
     * @param memoryLimitBytes native memory that scopes may take together
     */
    public VectorBackend(int threads, long memoryLimitBytes) {
        this(new WorkerPool(threads), memoryLimitBytes);
    }

    private VectorBackend(WorkerPool pool, long memoryLimitBytes) {
        super(
                VectorBackendProvider.NAME,
                VectorBackendProvider.device(pool.numWorkers(), Lanes.BITS + "-bit lanes", memoryLimitBytes),
                VectorKernels.all(pool),
                new HostMemory(memoryLimitBytes),
                new VectorFusion(pool));
        this.pool = pool;
    }

    @Override
    public BufferScope openScope() {
        return new NativeScope(super.openScope());
    }

    @Override
    public void close() {
        pool.close();
    }
}
