package dev.filigree.cuda.driver;

import jcuda.driver.CUgraph;
import jcuda.driver.JCudaDriver;

/** Recorded launches (a CUDA graph): enqueued with one call, as often as wanted. */
public final class Recording implements AutoCloseable {
    private final CudaContext context;
    private final Handles.GraphExec exec = new Handles.GraphExec();
    private boolean closed;

    Recording(CudaContext context, CUgraph graph) {
        this.context = context;
        try {
            Check.ok(JCudaDriver.cuGraphInstantiate(exec, graph, 0), "cuGraphInstantiate");
        } finally {
            Check.ok(JCudaDriver.cuGraphDestroy(graph), "cuGraphDestroy");
        }
    }

    long address() {
        return exec.address();
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            context.makeCurrent();
            Check.ok(JCudaDriver.cuGraphExecDestroy(exec), "cuGraphExecDestroy");
        }
    }
}
