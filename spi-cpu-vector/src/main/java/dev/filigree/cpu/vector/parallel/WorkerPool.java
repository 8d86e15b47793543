package dev.filigree.cpu.vector.parallel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A bounded set of daemon threads that share loops with the calling thread.
 *
 * <p>Nothing is taken from the common pool of the host application, and {@link #parallelFor} allocates nothing. Tasks are
 * handed out one at a time from a counter, so uneven tasks balance themselves; results must not depend on which worker
 * ran a task. A helper that wakes late never delays a loop: the caller waits only for helpers that joined it.
 *
 * <p>Thread rules: any thread may call; loops of different callers run one after another.
 */
public final class WorkerPool implements AutoCloseable {
    /** The body of a parallel loop. */
    @FunctionalInterface
    public interface Body {
        /**
         * Runs one task.
         *
         * @param worker number of the running worker, 0 (the caller) to {@link WorkerPool#numWorkers()} - 1; no two tasks
         *     run under the same number at a time, so it may choose a slice of workspace
         * @param task number of the task, 0 to numTasks - 1
         */
        void run(int worker, int task);
    }

    private static final int OPEN = 1 << 30;
    private static final int JOINED = OPEN - 1;
    private static final int SPINS = 4_000;

    private final Helper[] helpers;
    private final ReentrantLock callers = new ReentrantLock();
    private final AtomicInteger next = new AtomicInteger();
    /** {@link #OPEN} while a loop accepts helpers, plus the number of helpers inside it. */
    private final AtomicInteger gate = new AtomicInteger();

    private volatile int epoch;
    private volatile boolean closed;
    private volatile @Nullable Throwable failure;
    private @Nullable Body body;
    private int numTasks;

    /**
     * Starts {@code numWorkers - 1} helper threads.
     *
     * @param numWorkers threads that work on a loop, the caller included
     * @throws IllegalArgumentException if {@code numWorkers} is below 1
     */
    public WorkerPool(int numWorkers) {
        if (numWorkers < 1) {
            throw new IllegalArgumentException("numWorkers is " + numWorkers + "; accepted is 1 or more.");
        }
        helpers = new Helper[numWorkers - 1];
        for (int i = 0; i < helpers.length; i++) {
            helpers[i] = new Helper(i + 1);
            helpers[i].start();
        }
    }

    /** Returns the number of threads that work on a loop, the caller included. */
    public int numWorkers() {
        return helpers.length + 1;
    }

    /**
     * Runs {@code task} 0 to {@code numTasks - 1} and returns when all are done.
     *
     * @param numTasks number of tasks; 0 or less does nothing
     * @param body what to run
     * @throws IllegalStateException if the pool is closed, or if called from inside a loop of this pool
     */
    public void parallelFor(int numTasks, Body body) {
        if (callers.isHeldByCurrentThread() || Thread.currentThread() instanceof Helper) {
            throw new IllegalStateException("A parallel loop was started inside a parallel loop; loops do not nest.");
        }
        callers.lock();
        try {
            if (closed) {
                throw new IllegalStateException("The worker pool is closed.");
            }
            if (helpers.length == 0 || numTasks <= 1) {
                for (int task = 0; task < numTasks; task++) {
                    body.run(0, task);
                }
            } else {
                share(numTasks, body);
            }
        } finally {
            callers.unlock();
        }
    }

    private void share(int tasks, Body loop) {
        body = loop;
        numTasks = tasks;
        next.setPlain(0);
        epoch++;
        gate.set(OPEN);
        int wanted = Math.min(helpers.length, tasks - 1);
        for (int i = 0; i < wanted; i++) {
            helpers[i].wake();
        }
        work(0, loop, tasks);
        gate.getAndAdd(-OPEN);
        int spins = 0;
        while (gate.get() != 0) {
            if (++spins < SPINS) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
        body = null;
        Throwable thrown = failure;
        if (thrown != null) {
            failure = null;
            throw new IllegalStateException("A task of a parallel loop failed: " + thrown, thrown);
        }
    }

    private void work(int worker, Body loop, int tasks) {
        try {
            for (int task = next.getAndIncrement(); task < tasks; task = next.getAndIncrement()) {
                loop.run(worker, task);
            }
        } catch (
                Throwable
                        thrown) { // handed to the caller of parallelFor: a helper thread must not swallow or die of it
            failure = thrown;
            next.set(tasks);
        }
    }

    private boolean enter() {
        int seen = gate.get();
        while (seen >= OPEN) {
            if (gate.compareAndSet(seen, seen + 1)) {
                return true;
            }
            seen = gate.get();
        }
        return false;
    }

    /** Ends the helper threads; waits for a running loop. Closing twice is harmless. */
    @Override
    public void close() {
        callers.lock();
        try {
            closed = true;
            for (Helper helper : helpers) {
                LockSupport.unpark(helper);
            }
        } finally {
            callers.unlock();
        }
    }

    private final class Helper extends Thread {
        private final int worker;
        private volatile boolean parked;

        Helper(int worker) {
            super("filigree-cpu-" + worker);
            this.worker = worker;
            setDaemon(true);
        }

        void wake() {
            if (parked) {
                LockSupport.unpark(this);
            }
        }

        @Override
        public void run() {
            int done = epoch;
            int idle = 0;
            while (!closed) {
                if (epoch != done && enter()) {
                    done = epoch;
                    Body loop = body;
                    if (loop != null) {
                        work(worker, loop, numTasks);
                    }
                    gate.getAndAdd(-1);
                    idle = 0;
                } else if (++idle < SPINS) {
                    Thread.onSpinWait();
                } else {
                    rest(done);
                    idle = 0;
                }
            }
        }

        private void rest(int done) {
            parked = true;
            while (!closed && (epoch == done || (gate.get() & (OPEN | JOINED)) < OPEN)) {
                LockSupport.park(WorkerPool.this);
            }
            parked = false;
        }
    }
}
