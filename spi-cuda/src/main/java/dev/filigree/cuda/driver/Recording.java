package dev.filigree.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jcuda.driver.JCudaDriver;

/** Launches in a row (a CUDA graph): enqueued with one call, as often as wanted. */
public final class Recording implements AutoCloseable {
    private final CudaContext context;
    private final Handles.Graph graph = new Handles.Graph();
    private final Handles.GraphExec exec = new Handles.GraphExec();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment[] parameters;
    private final long[] nodes;
    private boolean closed;

    /** Records the launches in order. */
    public Recording(CudaContext context, List<KernelCall> calls) {
        this.context = context;
        context.makeCurrent();
        parameters = new MemorySegment[calls.size()];
        nodes = new long[calls.size()];
        Check.ok(JCudaDriver.cuGraphCreate(graph, 0), "cuGraphCreate");
        try {
            for (int i = 0; i < nodes.length; i++) {
                parameters[i] = GraphCalls.node(calls.get(i), arena);
                nodes[i] = context.graphCalls().add(graph.address(), i == 0 ? 0 : nodes[i - 1], parameters[i], arena);
            }
            Check.ok(JCudaDriver.cuGraphInstantiate(exec, graph, 0), "cuGraphInstantiate");
        } catch (RuntimeException e) {
            JCudaDriver.cuGraphDestroy(graph);
            arena.close();
            throw e;
        }
    }

    long address() {
        return exec.address();
    }

    /** Reads a launch's parameters again. */
    public void update(int index) {
        context.graphCalls().update(exec.address(), nodes[index], parameters[index]);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            context.makeCurrent();
            arena.close();
            Check.ok(JCudaDriver.cuGraphExecDestroy(exec), "cuGraphExecDestroy");
            Check.ok(JCudaDriver.cuGraphDestroy(graph), "cuGraphDestroy");
        }
    }
}
