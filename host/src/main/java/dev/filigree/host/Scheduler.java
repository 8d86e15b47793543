package dev.filigree.host;

import dev.filigree.api.attention.Phase;
import dev.filigree.host.engine.Engine;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Lets the requests of all threads share steps. There is no thread of its own: of the threads that wait for an answer one
 * drives the next step, and each hears of its own answers. A run takes part in the next step once its thread has heard
 * of the last one, so a slow listener holds up its own answer only.
 */
final class Scheduler {
    /** How long a step waits for threads that are still busy with the last one; then it goes on without them. */
    private static final long GRACE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Engine engine;
    private final AdmissionQueue queue;
    private final StepFiller filler;
    private boolean driving;

    Scheduler(Engine engine, int maxQueue) {
        this.engine = engine;
        queue = new AdmissionQueue(engine, maxQueue);
        filler = new StepFiller(engine);
    }

    /**
     * Answers runs of one thread.
     *
     * @throws QueueFullException if too many requests wait; none of these runs has begun then
     */
    List<Generation> answer(List<GenerationRun> runs) {
        submit(runs);
        try {
            while (runs.stream().anyMatch(GenerationRun::isRunning)) {
                boolean heard = false;
                for (GenerationRun run : runs) {
                    heard |= run.deliver();
                }
                if (heard) {
                    retire(runs);
                } else {
                    driveOrWait(runs);
                }
            }
        } finally {
            abandon(runs);
        }
        return runs.stream().map(GenerationRun::end).toList();
    }

    /** Makes threads look again at what was cancelled. */
    void wake() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Requests that wait and requests that are being answered. */
    ServingLoad load() {
        lock.lock();
        try {
            return queue.load(engine.cacheUse());
        } finally {
            lock.unlock();
        }
    }

    private void submit(List<GenerationRun> runs) {
        lock.lock();
        try {
            queue.submit(runs.stream().filter(GenerationRun::isRunning).toList());
        } finally {
            lock.unlock();
        }
    }

    private void retire(List<GenerationRun> runs) {
        lock.lock();
        try {
            runs.stream().filter(run -> !run.isRunning()).forEach(queue::remove);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** No run of a thread that leaves stays behind, and none leaves while a step computes it. */
    private void abandon(List<GenerationRun> runs) {
        lock.lock();
        try {
            while (runs.stream().anyMatch(GenerationRun::isInStep)) {
                changed.awaitUninterruptibly();
            }
            runs.forEach(queue::remove);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void driveOrWait(List<GenerationRun> mine) {
        lock.lock();
        try {
            if (mine.stream().anyMatch(run -> run.hasNews() || run.endIfCancelled())) {
                mine.stream().filter(run -> !run.isRunning()).forEach(queue::remove);
                changed.signalAll();
            } else if (driving) {
                changed.awaitUninterruptibly();
            } else {
                driving = true;
                try {
                    drive();
                } finally {
                    driving = false;
                    changed.signalAll();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void drive() {
        queue.admitWaiting();
        waitForListeners();
        List<GenerationRun> inStep = new ArrayList<>(filler.fill(queue.active()));
        if (inStep.isEmpty()) {
            await(GRACE_NANOS);
            return;
        }
        inStep.forEach(run -> run.enterStep());
        Phase phase = filler.step().phase();
        int[] drawn = new int[inStep.size()];
        long start = System.nanoTime();
        Throwable failure = null;
        lock.unlock();
        try {
            engine.run(filler.step(), results -> {
                for (int seq = 0; seq < drawn.length; seq++) {
                    drawn[seq] = results.nextToken(seq);
                }
            });
        } catch (RuntimeException | Error e) {
            failure = e;
        } finally {
            lock.lock();
        }
        long nanos = System.nanoTime() - start;
        for (int seq = 0; seq < drawn.length; seq++) {
            inStep.get(seq).leaveStep(phase, drawn[seq], nanos, failure);
        }
    }

    private void waitForListeners() {
        long left = GRACE_NANOS;
        while (left > 0 && queue.active().stream().anyMatch(run -> run.hasNews() && !run.isLate())) {
            left = await(left);
        }
        queue.active().stream().filter(GenerationRun::hasNews).forEach(GenerationRun::markLate);
        if (!queue.active().isEmpty() && queue.active().stream().allMatch(GenerationRun::hasNews)) {
            changed.awaitUninterruptibly();
        }
    }

    private long await(long nanos) {
        try {
            return changed.awaitNanos(nanos);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 0;
        }
    }
}
