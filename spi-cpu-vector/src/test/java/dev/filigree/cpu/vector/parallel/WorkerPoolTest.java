package dev.filigree.cpu.vector.parallel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkerPoolTest {

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void everyTaskRunsOnceUnderItsOwnWorker(int numWorkers) {
        try (WorkerPool pool = new WorkerPool(numWorkers)) {
            AtomicIntegerArray inside = new AtomicIntegerArray(numWorkers);
            for (int numTasks : new int[] {0, 1, 2, 7, 1000}) {
                AtomicIntegerArray runs = new AtomicIntegerArray(Math.max(1, numTasks));
                AtomicInteger clashes = new AtomicInteger();
                pool.parallelFor(numTasks, (worker, task) -> {
                    clashes.addAndGet(inside.getAndIncrement(worker));
                    runs.incrementAndGet(task);
                    inside.decrementAndGet(worker);
                });
                assertEquals(0, clashes.get(), "two tasks ran under one worker number");
                for (int t = 0; t < numTasks; t++) {
                    assertEquals(1, runs.get(t), "task " + t + " of " + numTasks);
                }
            }
        }
    }

    @Test
    void callersOfTwoThreadsTakeTurns() throws InterruptedException {
        try (WorkerPool pool = new WorkerPool(3)) {
            AtomicInteger sum = new AtomicInteger();
            Runnable caller = () -> {
                for (int i = 0; i < 200; i++) {
                    pool.parallelFor(10, (worker, task) -> sum.addAndGet(task));
                }
            };
            Thread other = new Thread(caller);
            other.start();
            caller.run();
            other.join();
            assertEquals(2 * 200 * 45, sum.get());
        }
    }

    @Test
    void aFailureReachesTheCallerAndThePoolLivesOn() {
        try (WorkerPool pool = new WorkerPool(2)) {
            IllegalStateException thrown = assertThrows(
                    IllegalStateException.class,
                    () -> pool.parallelFor(100, (worker, task) -> {
                        if (task == 3) {
                            throw new IndexOutOfBoundsException("page 9");
                        }
                    }));
            assertTrue(String.valueOf(thrown.getMessage()).contains("page 9"), thrown.getMessage());
            AtomicInteger runs = new AtomicInteger();
            pool.parallelFor(50, (worker, task) -> runs.incrementAndGet());
            assertEquals(50, runs.get());
        }
    }

    @Test
    void refusesNestingClosedPoolsAndNoWorkers() {
        WorkerPool pool = new WorkerPool(2);
        assertThrows(
                IllegalStateException.class,
                () -> pool.parallelFor(4, (worker, task) -> pool.parallelFor(2, (w, t) -> {})));
        pool.close();
        pool.close();
        assertThrows(IllegalStateException.class, () -> pool.parallelFor(4, (worker, task) -> {}));
        assertThrows(IllegalArgumentException.class, () -> new WorkerPool(0));
    }
}
