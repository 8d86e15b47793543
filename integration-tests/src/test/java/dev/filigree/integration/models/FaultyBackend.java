package dev.filigree.integration.models;

import dev.filigree.api.backend.BackendException;
import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.host.HostBackend;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.api.tensor.OutOfMemoryException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;

/** The reference backend, with failures on order: runs that fail after their work, and memory that runs out. */
final class FaultyBackend extends ForwardingBackend {
    private boolean failNextRun;
    private long allocationsLeft = Long.MAX_VALUE;

    private double failingShare;
    private Random random = new Random(0);
    private int faults;

    FaultyBackend() {
        this("cpu-reference");
    }

    /** Failures over another backend that computes in host memory. */
    FaultyBackend(String name) {
        super("faulty", name, BackendOptions.NONE);
    }

    /** From now on that share of allocations and of runs fails, each after it has done its work. */
    void failAtRandom(double share, long seed) {
        random = new Random(seed);
        failingShare = share;
    }

    /** Failures so far that nobody ordered one by one. */
    int faults() {
        return faults;
    }

    private boolean isFault() {
        boolean fault = failingShare > 0 && random.nextDouble() < failingShare;
        faults += fault ? 1 : 0;
        return fault;
    }

    /** The next run does its work, so memory has changed, and fails then. */
    void failNextRun() {
        failNextRun = true;
    }

    /** Only so many further allocations succeed. */
    void allowAllocations(long count) {
        allocationsLeft = count;
    }

    /** Native memory that scopes hold. */
    long usedBytes() {
        return ((HostBackend) real()).memory().usedBytes();
    }

    @Override
    public BufferScope openScope() {
        BufferScope scope = super.openScope();
        return new BufferScope() {
            @Override
            public DeviceBuffer allocate(long sizeBytes) {
                if (allocationsLeft-- <= 0 || isFault()) {
                    throw new OutOfMemoryException(sizeBytes, "the test's device", "none left");
                }
                return scope.allocate(sizeBytes);
            }

            @Override
            public DeviceBuffer upload(MemorySegment data) {
                return scope.upload(data);
            }

            @Override
            public long allocatedBytes() {
                return scope.allocatedBytes();
            }

            @Override
            public void close() {
                scope.close();
            }
        };
    }

    @Override
    public PreparedPlan prepare(Plan plan) {
        PreparedPlan prepared = super.prepare(plan);
        return new PreparedPlan() {
            @Override
            public Plan plan() {
                return plan;
            }

            @Override
            public long workspaceBytes() {
                return prepared.workspaceBytes();
            }

            @Override
            public List<String> kernelIds() {
                return prepared.kernelIds();
            }

            @Override
            public void run(ExecutionStream stream, RunBindings bindings, DeviceBuffer workspace) {
                prepared.run(stream, bindings, workspace);
                if (failNextRun || isFault()) {
                    failNextRun = false;
                    throw new BackendException("the test's device fell off the bus", null);
                }
            }

            @Override
            public void close() {
                prepared.close();
            }
        };
    }
}
