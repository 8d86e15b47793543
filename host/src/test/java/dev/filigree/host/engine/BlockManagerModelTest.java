package dev.filigree.host.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.KvClass;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.PrefillReads;
import dev.filigree.api.kvcache.Retention;
import dev.filigree.host.engine.BlockModel.Twin;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random lives of sequences against a plain map (LServe spec, oracles 16 to 18): 10,000 steps per seed, two fixed seeds
 * and a fresh one that a failure names.
 */
class BlockManagerModelTest {
    private static final int STEPS = 10_000;
    private static final int MIN_REFUSALS = 100;
    private static final int MAX_TOKENS = 90;

    private enum Action {
        OPEN,
        APPEND,
        DECODE_BATCH,
        FORK,
        REWIND,
        SWAP_OUT,
        SWAP_IN,
        CANCEL,
        FAIL,
        CLOSE
    }

    private Random random = new Random();
    private BlockModel model = new BlockModel(cache(1, 1, 1));
    private final List<Twin> twins = new ArrayList<>();
    private final Map<Action, Integer> done = new EnumMap<>(Action.class);
    private int refusals;

    static LongStream seeds() {
        return LongStream.of(1, 2, System.nanoTime());
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void sequencesReadWhatTheyWroteAndNoPageIsLost(long seed) {
        random = new Random(seed);
        model = new BlockModel(cache(60, 40, 30));
        // Some seeds rarely fill the cache: they go on until it was full often enough to have been tested.
        for (int step = 0; step < STEPS || (refusals <= MIN_REFUSALS && step < 10 * STEPS); step++) {
            Action action = Action.values()[random.nextInt(Action.values().length)];
            if (act(action)) {
                done.merge(action, 1, Integer::sum);
            }
            model.check(twins);
        }
        for (Action action : Action.values()) {
            assertTrue(done.getOrDefault(action, 0) > 100, () -> "seed " + seed + " did too little: " + done);
        }
        assertTrue(refusals > MIN_REFUSALS, () -> "seed " + seed + " had " + refusals + " refusals");
        twins.forEach(twin -> twin.blocks.clear());
        twins.clear();
        model.check(twins);
    }

    private boolean act(Action action) {
        return switch (action) {
            case OPEN -> twins.size() < 12 && twins.add(model.open());
            case APPEND -> append(pick(), 1 + random.nextInt(40));
            case DECODE_BATCH -> decodeBatch();
            case FORK -> fork(pick());
            case REWIND -> rewind(pick());
            case SWAP_OUT -> swapOut(pick());
            case SWAP_IN -> swapIn();
            case CANCEL -> cancel(pick());
            case FAIL -> fail(pick());
            case CLOSE -> close(pick());
        };
    }

    /** A resident sequence, or a new one. */
    private Twin pick() {
        List<Twin> resident = twins.stream().filter(twin -> !twin.isSwapped()).toList();
        if (!resident.isEmpty()) {
            return resident.get(random.nextInt(resident.size()));
        }
        Twin opened = model.open();
        twins.add(opened);
        return opened;
    }

    private boolean append(Twin twin, int wanted) {
        int count = Math.min(wanted, MAX_TOKENS - twin.tokens.size());
        if (!reserve(List.of(twin), new int[] {count})) {
            return false;
        }
        model.write(twin, count);
        twin.blocks.commit();
        return true;
    }

    /** Whether there was room, which must be exactly when the tables say so. */
    private boolean reserve(List<Twin> step, int[] counts) {
        boolean fits = true;
        for (int kvClass = 0; kvClass < 3; kvClass++) {
            long taken = 0;
            for (int i = 0; i < counts.length; i++) {
                taken += model.taken(kvClass, twins, step.get(i), counts[i]);
            }
            fits &= taken <= model.free(kvClass);
        }
        if (fits) {
            model.reserve(step, counts);
        } else {
            refusals++;
            assertThrows(CacheFullException.class, () -> model.reserve(step, counts));
        }
        return fits;
    }

    private boolean decodeBatch() {
        List<Twin> batch = new ArrayList<>();
        for (Twin twin : twins) {
            if (!twin.isSwapped() && twin.tokens.size() < MAX_TOKENS && random.nextBoolean()) {
                batch.add(twin);
            }
        }
        int[] counts = new int[batch.size()];
        java.util.Arrays.fill(counts, 1);
        if (batch.isEmpty() || !reserve(batch, counts)) {
            return false;
        }
        batch.forEach(twin -> model.write(twin, 1));
        batch.forEach(twin -> twin.blocks.commit());
        return true;
    }

    private boolean fork(Twin parent) {
        if (twins.size() >= 12) {
            return false;
        }
        long[] free = {model.free(0), model.free(1), model.free(2)};
        twins.add(model.fork(parent));
        for (int kvClass = 0; kvClass < 3; kvClass++) {
            assertEquals(free[kvClass], model.free(kvClass), "a fork takes no page");
        }
        return true;
    }

    private boolean rewind(Twin twin) {
        int length = twin.tokens.size();
        model.rewind(
                twin,
                random.nextInt(4) == 0 ? random.nextInt(length + 1) : Math.max(0, length - 1 - random.nextInt(6)));
        return length > 0;
    }

    private boolean swapOut(Twin twin) {
        if (twin.tokens.isEmpty()) {
            return false;
        }
        model.swapOut(twin);
        return true;
    }

    private boolean swapIn() {
        for (Twin twin : twins) {
            if (twin.isSwapped()) {
                try {
                    model.swapIn(twin);
                    return true;
                } catch (CacheFullException e) {
                    refusals++;
                    assertEquals(0, twin.blocks.numColumns(0));
                }
            }
        }
        return false;
    }

    /** A step that was reserved and never ran. */
    private boolean cancel(Twin twin) {
        int count = Math.min(1 + random.nextInt(40), MAX_TOKENS - twin.tokens.size());
        if (!reserve(List.of(twin), new int[] {count})) {
            return false;
        }
        twin.blocks.cancel();
        return true;
    }

    /** A step that wrote and failed. */
    private boolean fail(Twin twin) {
        int count = Math.min(1 + random.nextInt(20), MAX_TOKENS - twin.tokens.size());
        if (count == 0 || !reserve(List.of(twin), new int[] {count})) {
            return false;
        }
        model.fail(twin, count);
        return true;
    }

    private boolean close(Twin twin) {
        twin.blocks.clear();
        twins.remove(twin);
        return true;
    }

    @Test
    void aPageThatIsGivenBackTwiceIsAnError() {
        PageAllocator allocator = new PageAllocator(2);
        int page = allocator.take();
        allocator.share(page);
        allocator.giveBack(page);
        assertEquals(1, allocator.numFree());
        allocator.giveBack(page);
        assertEquals(2, allocator.numFree());
        assertThrows(IllegalStateException.class, () -> allocator.giveBack(page));
        assertThrows(IllegalStateException.class, () -> allocator.share(page));
    }

    /** Small pages, so that everything wraps: all tokens, a ring with a sink, and a ring without one. */
    static KvCachePlan cache(long full, long ring, long window) {
        Retention.SinkAndRecent sinkAndRecent = new Retention.SinkAndRecent(3, 9);
        Retention.SinkAndRecent recent = new Retention.SinkAndRecent(0, 6);
        return new KvCachePlan(
                "test",
                ModelGeometry.of(1, 3, 3, 8),
                List.of(
                        kvClass("full", new Retention.Everything(), KvAddressing.LINEAR, 4),
                        kvClass("ring", sinkAndRecent, KvAddressing.Ring.of(sinkAndRecent, 4), 4),
                        kvClass("ring2", recent, KvAddressing.Ring.of(recent, 2), 2)),
                List.of(List.of(List.of(0), List.of(1), List.of(2))),
                List.of(full, ring, window),
                PrefillReads.STORED);
    }

    private static KvClass kvClass(String name, Retention retention, KvAddressing addressing, int pageSize) {
        return new KvClass(name, retention, addressing, pageSize, KvPrecision.F16, KvPrecision.F16, 0);
    }
}
